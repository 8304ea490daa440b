/** The ONNX versions that a graph needs. Files declare the oldest, so that old runtimes load them too. */

/** The operator set since which each operator works as we use it (ONNX, docs/Changelog.md). */
const since: Readonly<Record<string, number>> = {
  Add: 7,
  // 10: windows that extend beyond the end (`ceil_mode`)
  AveragePool: 10,
  BatchNormalization: 9,
  Cast: 6,
  // 11: limits are inputs
  Clip: 11,
  Concat: 4,
  Conv: 1,
  Cos: 7,
  CumSum: 11,
  // 13: a scale for each channel
  DequantizeLinear: 13,
  Flatten: 1,
  GlobalAveragePool: 1,
  HardSigmoid: 6,
  HardSwish: 14,
  Identity: 1,
  Mul: 7,
  // 11: widths are an input
  Pad: 11,
  QuantizeLinear: 10,
  // Axes are an attribute, which set 18 makes an input.
  ReduceMean: 1,
  Reshape: 5,
  Sigmoid: 6,
  Sin: 7,
  // 10: bounds are inputs
  Slice: 10,
  Sub: 7,
  Transpose: 1,
};

/** No older set: quantization tools need it for per-channel scales. */
const leastOpset = 13;

/** The file format version that came with an operator set: [set, version], as in ONNX's releases. */
const formatVersions = [
  [13, 7],
  [15, 8],
  [19, 9],
  [21, 10],
] as const;

export interface OnnxVersions {
  /** Of the standard operators. */
  readonly opset: number;
  /** Of the file format. */
  readonly ir: number;
}

/** The oldest versions that have all of these standard operators. */
export function versionsOf(ops: readonly string[]): OnnxVersions {
  const opset = ops.reduce((newest, op) => {
    const first = since[op];
    if (first === undefined) throw new Error(`internal: it is not known since which operator set ${op} exists`);
    return Math.max(newest, first);
  }, leastOpset);
  const ir = formatVersions.findLast(([first]) => first <= opset)?.[1] as number;
  return { opset, ir };
}
