/** Argument checks for all stream sessions. */
import { ModelError } from "../common/errors.ts";
import { elementsOf } from "../graph/shapes.ts";
import type { StateFacts } from "../graph/step-interface.ts";
import type { StreamState } from "./stream-session.ts";

/**
 * Throws `TypeError` unless `frames` is a Float32Array: engines use its memory, and other numbers would be read as
 * floats.
 */
export function checkFloats(frames: unknown): asserts frames is Float32Array {
  if (!isFloats(frames)) throw new TypeError(`frames must be a Float32Array, got ${typeNameOf(frames)}`);
}

/** By name, since an instance from another realm, such as a test's, is just as good. */
function isFloats(data: unknown): data is Float32Array {
  return typeNameOf(data) === "Float32Array";
}

function typeNameOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** Frames per stream in one `step`. Throws `TypeError` unless `frames` has whole ones, at least one per stream. */
export function countFrames(
  frames: Float32Array,
  streams: number,
  { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number },
): number {
  checkFloats(frames);
  const count = frames.length / (channels * height * width * streams);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new TypeError(
    `frames must contain T · ${streams} frames of ${channels} × ${height} × ${width}, got ${frames.length} numbers`,
  );
}

/** Throws `TypeError` unless `streams` is a valid number and `halfLifeFrames` a valid time. */
export function checkOptions(streams: number, halfLifeFrames: number): void {
  if (!Number.isInteger(streams) || streams < 1) throw new TypeError(`streams must be an integer ≥ 1, got ${streams}`);
  if (!(halfLifeFrames > 0)) throw new TypeError(`halfLifeFrames must be above 0, got ${halfLifeFrames}`);
}

/** Throws `TypeError` unless `stream` is one of `streams`. */
export function checkStream(stream: number, streams: number): void {
  if (Number.isInteger(stream) && stream >= 0 && stream < streams) return;
  throw new TypeError(`stream must be in 0..${streams - 1}, got ${stream}`);
}

/** Problems with the names, shapes and counts of a state. */
export function stateProblems(state: StreamState, expected: readonly StateFacts[]): readonly string[] {
  const names = new Set(expected.map(({ name }) => name));
  const unknown = Object.keys(state).filter((name) => !names.has(name));
  const wrong = expected.flatMap(({ name, shape, dtype }) => {
    const given = state[name];
    if (!given) return [`missing ${name}`];
    if (String(given.shape) !== String(shape) || given.data?.length !== elementsOf(shape)) {
      return [
        `${name} has shape [${given.shape}] and ${given.data?.length ?? "no"} numbers, expected shape [${shape}]`,
      ];
    }
    if (dtype === "float32" && !isFloats(given.data)) {
      return [`${name} must be a Float32Array, got ${typeNameOf(given.data)}`];
    }
    const first = given.data[0] as number;
    return dtype === "int32" && !(Number.isInteger(first) && first >= 0)
      ? [`${name} must be an integer ≥ 0, got ${first}`]
      : [];
  });
  return [...unknown.map((name) => `unknown ${name}`), ...wrong];
}

/** Problems with a state whose counts should all be equal. */
export function countProblems(state: StreamState, expected: readonly StateFacts[]): readonly string[] {
  const counts = expected.filter(({ dtype }) => dtype === "int32").map(({ name }) => state[name]?.data?.[0]);
  const ages = [...new Set(counts)];
  return ages.length > 1 ? [`its counts differ: ${ages.join(", ")}`] : [];
}

/** Throws {@link ModelError} (`E_MODEL_STATE`) if there are problems. */
export function refuseState(problems: readonly string[], subject: string): void {
  if (problems.length === 0) return;
  throw new ModelError({
    code: "E_MODEL_STATE",
    subject,
    problem: `the state does not match this model: ${problems.join(", ")}`,
    remedy: "Restore a snapshot of the same model at the same resolution",
  });
}
