/** What a single picture tells about a label: statistics of light, colour, edges and blur, and a linear classifier on them. */

const cells = 6;
const ways = 4;

/** Statistics of an RGB frame `[height, width, 3]`: cells' colours, the strength of edges by place, way and scale, spreads. */
export function frameStatistics(frame: Uint8Array, width: number, height: number): number[] {
  const colors = new Float64Array(cells * cells * 3);
  const edges = new Float64Array(cells * cells * ways);
  const radial = new Float64Array(4);
  const blurs = [1, 2, 4, 8];
  const scales = new Float64Array(blurs.length * 2);
  const gray = Float32Array.from(
    { length: width * height },
    (_, i) => (frame[3 * i]! + frame[3 * i + 1]! + frame[3 * i + 2]!) / 3,
  );
  let [sum, squares] = [0, 0] as [number, number];
  for (let y = 8; y < height - 8; y++) {
    for (let x = 8; x < width - 8; x++) {
      const at = y * width + x;
      const cell = Math.floor((y * cells) / height) * cells + Math.floor((x * cells) / width);
      for (let c = 0; c < 3; c++) colors[3 * cell + c] = colors[3 * cell + c]! + frame[3 * at + c]!;
      const here = gray[at]!;
      sum += here;
      squares += here * here;
      const gx = gray[at + 1]! - gray[at - 1]!;
      const gy = gray[at + width]! - gray[at - width]!;
      const both = [gx, gy, gx + gy, gx - gy];
      for (const [way, value] of both.entries()) edges[cell * ways + way] = edges[cell * ways + way]! + Math.abs(value);
      const [rx, ry] = [x - width / 2, y - height / 2];
      const far = Math.hypot(rx, ry) + 1e-6;
      const half = far < width / 4 ? 0 : 2;
      radial[half] = radial[half]! + Math.abs((gx * rx + gy * ry) / far);
      radial[half + 1] = radial[half + 1]! + Math.abs((gy * rx - gx * ry) / far);
      for (const [i, step] of blurs.entries()) {
        scales[2 * i] = scales[2 * i]! + Math.abs(gray[at + step]! - here);
        scales[2 * i + 1] = scales[2 * i + 1]! + Math.abs(gray[at + step * width]! - here);
      }
    }
  }
  const count = (width - 16) * (height - 16);
  const spread = Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  const log = (values: Float64Array) => Array.from(values, (value) => Math.log(1 + value));
  const logScales = log(scales);
  const byWay = Array.from({ length: ways }, (_, way) => {
    return Math.log(1 + edges.reduce((total, value, i) => (i % ways === way ? total + value : total), 0));
  });
  return [
    ...colors,
    ...log(edges),
    ...byWay.map((value) => value - byWay[0]!),
    ...log(radial),
    ...logScales,
    Math.log(radial[0]! + 1) - Math.log(radial[1]! + 1),
    Math.log(radial[2]! + 1) - Math.log(radial[3]! + 1),
    ...logScales.slice(2).map((value, i) => value - logScales[i]!),
    sum / count,
    spread,
  ];
}

export interface Example {
  readonly features: readonly number[];
  readonly label: number;
}

/** Share of `test` that a ridge regression on the features of `train` and their squares names rightly. */
export function ridgeAccuracy(train: readonly Example[], test: readonly Example[], labels: number): number {
  const width = train[0]!.features.length;
  const mean = Array.from(
    { length: width },
    (_, i) => train.reduce((sum, { features }) => sum + features[i]!, 0) / train.length,
  );
  const deviation = mean.map(
    (center, i) =>
      Math.sqrt(train.reduce((sum, { features }) => sum + (features[i]! - center) ** 2, 0) / train.length) + 1e-6,
  );
  const rowOf = ({ features }: Example) => {
    const standard = features.map((value, i) => Math.max(-4, Math.min(4, (value - mean[i]!) / deviation[i]!)));
    return Float64Array.from([1, ...standard, ...standard.map((value) => (value * value - 1) / 2)]);
  };
  const size = 2 * width + 1;
  const squares = Array.from({ length: size }, () => new Float64Array(size));
  const right = Array.from({ length: labels }, () => new Float64Array(size));
  for (const example of train) {
    const row = rowOf(example);
    for (let i = 0; i < size; i++) {
      const line = squares[i]!;
      for (let j = 0; j <= i; j++) line[j] = line[j]! + row[i]! * row[j]!;
      right[example.label]![i] = right[example.label]![i]! + row[i]!;
    }
  }
  const ridge = 0.1 * train.length;
  const weights = solveMany(squares, right, ridge);
  let correct = 0;
  for (const example of test) {
    const row = rowOf(example);
    const scores = weights.map((weight) => weight.reduce((sum, value, i) => sum + value * row[i]!, 0));
    if (scores.indexOf(Math.max(...scores)) === example.label) correct++;
  }
  return correct / test.length;
}

/** Cholesky on the lower half of a matrix plus `ridge` on its diagonal. */
function solveMany(lower: readonly Float64Array[], rights: readonly Float64Array[], ridge: number): Float64Array[] {
  const size = lower.length;
  for (let i = 0; i < size; i++) {
    const row = lower[i]!;
    row[i] = row[i]! + ridge;
    for (let j = 0; j <= i; j++) {
      const other = lower[j]!;
      let sum = row[j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!;
      row[j] = j === i ? Math.sqrt(sum) : sum / other[j]!;
    }
  }
  return rights.map((right) => {
    const x = Float64Array.from(right);
    for (let i = 0; i < size; i++) {
      for (let k = 0; k < i; k++) x[i] = x[i]! - lower[i]![k]! * x[k]!;
      x[i] = x[i]! / lower[i]![i]!;
    }
    for (let i = size - 1; i >= 0; i--) {
      for (let k = i + 1; k < size; k++) x[i] = x[i]! - lower[k]![i]! * x[k]!;
      x[i] = x[i]! / lower[i]![i]!;
    }
    return x;
  });
}

/** The mean of frames of `size` bytes: what a long exposure would have seen. */
export function meanOf(frames: Uint8Array, size: number): Uint8Array {
  const count = frames.length / size;
  return Uint8Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (let frame = 0; frame < count; frame++) sum += frames[frame * size + i]!;
    return sum / count;
  });
}

/** How many of the last statistics are of the whole picture: ways of its edges, and its detail. */
export const wholeStatistics = ways + 4 + 8 + 2 + 6 + 2;
