/** What every stream session asks of its arguments. */
import { ModelError } from "../common/errors.ts";
import { elementsOf } from "../graph/shapes.ts";
import type { StateFacts } from "../graph/step-interface.ts";
import type { StreamState } from "./stream-session.ts";

/** Throws `TypeError` unless `frames` is what engines take: they look at its memory, and other numbers there would be read as floats. */
export function checkFloats(frames: unknown): asserts frames is Float32Array {
  if (!isFloats(frames)) throw new TypeError(`frames must be a Float32Array, got ${typeNameOf(frames)}`);
}

/** By name, since that of another realm, such as the one of a test, is as good. */
function isFloats(data: unknown): data is Float32Array {
  return typeNameOf(data) === "Float32Array";
}

function typeNameOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** Pictures of every stream in one `step`. Throws `TypeError` unless `frames` holds whole ones, at least one of each. */
export function countFrames(
  frames: Float32Array,
  streams: number,
  { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number },
): number {
  checkFloats(frames);
  const count = frames.length / (channels * height * width * streams);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new TypeError(
    `frames must hold T · ${streams} pictures of ${channels} × ${height} × ${width}, got ${frames.length} numbers`,
  );
}

/** Throws `TypeError` unless `streams` is a number of streams and `halfLifeFrames` a time. */
export function checkOptions(streams: number, halfLifeFrames: number): void {
  if (!Number.isInteger(streams) || streams < 1) throw new TypeError(`streams must be at least 1, got ${streams}`);
  if (!(halfLifeFrames > 0)) throw new TypeError(`halfLifeFrames must be positive, got ${halfLifeFrames}`);
}

/** Throws `TypeError` unless `stream` is one of `streams`. */
export function checkStream(stream: number, streams: number): void {
  if (Number.isInteger(stream) && stream >= 0 && stream < streams) return;
  throw new TypeError(`stream must be in 0..${streams - 1}, got ${stream}`);
}

/** What is wrong with the names, shapes and counts of a state. */
export function stateProblems(state: StreamState, expected: readonly StateFacts[]): readonly string[] {
  const names = new Set(expected.map(({ name }) => name));
  const unknown = Object.keys(state).filter((name) => !names.has(name));
  const wrong = expected.flatMap(({ name, shape, dtype }) => {
    const given = state[name];
    if (!given) return [`${name} is missing`];
    if (String(given.shape) !== String(shape) || given.data?.length !== elementsOf(shape)) {
      return [`${name} is [${given.shape}] of ${given.data?.length ?? "no"} numbers instead of [${shape}]`];
    }
    if (dtype === "float32" && !isFloats(given.data)) {
      return [`${name} is ${typeNameOf(given.data)} instead of Float32Array`];
    }
    const first = given.data[0] as number;
    return dtype === "int32" && !(Number.isInteger(first) && first >= 0) ? [`${name} is ${first}, no count`] : [];
  });
  return [...unknown.map((name) => `${name} is unknown`), ...wrong];
}

/** What is wrong with a state of which all counts should tell the same age. */
export function countProblems(state: StreamState, expected: readonly StateFacts[]): readonly string[] {
  const counts = expected.filter(({ dtype }) => dtype === "int32").map(({ name }) => state[name]?.data?.[0]);
  const ages = [...new Set(counts)];
  return ages.length > 1 ? [`its counts differ: ${ages.join(", ")}`] : [];
}

/** Throws {@link ModelError} (`E_MODEL_STATE`) where there are problems. */
export function refuseState(problems: readonly string[], subject: string): void {
  if (problems.length === 0) return;
  throw new ModelError({
    code: "E_MODEL_STATE",
    subject,
    problem: `the state does not fit: ${problems.join(", ")}`,
    remedy: "Restore a snapshot of the same model at the same resolution",
  });
}
