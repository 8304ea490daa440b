import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openEngine } from "../../src/engines/device.node.ts";
import { probabilities } from "../../src/flow/predict.ts";
import { preprocess } from "../../src/flow/preprocess.ts";
import { Program } from "../../src/session/program.ts";
import type { CameraPicture } from "../../src/watch/camera.ts";
import { Lanes } from "../../src/watch/lanes.ts";
import { RecordQueue } from "../../src/watch/record-queue.ts";
import type { WatchPrediction } from "../../src/watch/records.ts";
import { Runner, type Seat } from "../../src/watch/runner.ts";
import { readState, writeState } from "../../src/watch/state-file.node.ts";
import { distance, hashedModel } from "../laws/models.ts";

const size = 32;
const halfLifeFrames = 5;

let program: Program;
beforeAll(async () => {
  const model = hashedModel("a0-stream", { classes: 9, resolution: { height: size, width: size } });
  program = await Program.compile(model, await openEngine({ device: "wasm" }));
});
afterAll(() => program[Symbol.asyncDispose]());

/** Pixels of a picture of a camera, as its process sends them. */
function pixels(camera: number, frame: number): Uint8Array {
  let state = (camera * 7919 + frame * 104_729 + 1) >>> 0;
  return Uint8Array.from({ length: 3 * size * size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

const pictureOf = (camera: number, frame: number, more: Partial<CameraPicture> = {}): CameraPicture => ({
  ...{ time: frame / 5, arrived: 1000 * frame, frame, times: 1, dropped: 0, data: pixels(camera, frame) },
  ...more,
});

/** The scores after pictures of a camera alone, in a session of its own. */
async function alone(camera: number, frames: readonly number[]): Promise<Float32Array> {
  const session = await program.openStream({ halfLifeFrames });
  const { input, output } = program.model.card;
  let logits: Float32Array = new Float32Array();
  for (const frame of frames) {
    ({ logits } = await session.step(preprocess({ ...input, data: pixels(camera, frame) }, input)));
  }
  await session[Symbol.asyncDispose]();
  return probabilities(logits, output);
}

const scoresOf = ({ predictions }: WatchPrediction) =>
  predictions.toSorted((a, b) => a.index - b.index).map(({ score }) => score);

function setUp() {
  const records: WatchPrediction[] = [];
  const runner = new Runner(program, {
    now: () => 1e6,
    breathe: () => setImmediate(),
    emit: async (record) => void records.push(record),
  });
  const running = runner.run();
  const take = (name: string, late: "drop" | "wait" = "wait") => {
    const seat = runner.take({ name, top: 9, halfLifeFrames, late, prepare: async () => {} });
    runner.begin(seat, 1);
    return seat;
  };
  const end = async (...seats: readonly Seat[]) => {
    runner.stop();
    await running;
    for (const seat of seats) await seat.lanes[Symbol.asyncDispose]();
  };
  const of = (name: string) => records.filter(({ source }) => source === name);
  return { records, runner, take, end, of };
}

describe("turns at the network", () => {
  test("answers of many cameras are those of each alone, whatever the order of their pictures", async () => {
    const { records, runner, take, end, of } = setUp();
    const seats = Array.from({ length: 7 }, (_, camera) => take(`camera ${camera}`));
    const frames = Array.from({ length: 6 }, (_, frame) => frame);
    await Promise.all(
      seats.map(async (seat, camera) => {
        for (const frame of frames) {
          if ((camera * frame) % 3 === 1) await new Promise((resolve) => setTimeout(resolve, camera));
          await runner.offer(seat, pictureOf(camera, frame));
        }
      }),
    );
    await vi.waitFor(() => expect(records).toHaveLength(7 * 6));
    for (const camera of seats.keys()) {
      const own = of(`camera ${camera}`);
      expect(own.map(({ time }) => time)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
      for (const frame of frames) {
        const right = await alone(camera, frames.slice(0, frame + 1));
        expect(distance(scoresOf(own[frame] as WatchPrediction), right)).toBeLessThanOrEqual(1e-5);
      }
    }
    await end(...seats);
  });

  test("of pictures that come too fast, the newest is taken and the others are counted", async () => {
    const { runner, take, end, of } = setUp();
    const seat = take("fast", "drop");
    for (let frame = 0; frame < 50; frame++)
      void runner.offer(seat, pictureOf(0, frame, { dropped: frame === 3 ? 4 : 0 }));
    await vi.waitFor(() => expect(of("fast").at(-1)?.time).toBe(9.8));
    const own = of("fast");
    expect(own.length + own.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(54);
    expect(own.length).toBeLessThanOrEqual(3);
    await end(seat);
  });

  test("a camera that sends without pause takes every other turn from one that does not", async () => {
    const { records, runner, take, end, of } = setUp();
    const [greedy, modest] = [take("greedy"), take("modest")];
    let stopped = false;
    const flood = (async () => {
      for (let frame = 0; !stopped; frame++) await runner.offer(greedy, pictureOf(0, frame));
    })();
    for (let frame = 0; frame < 5; frame++) {
      const before = records.length;
      await runner.offer(modest, pictureOf(1, frame));
      await vi.waitFor(() => expect(of("modest")).toHaveLength(frame + 1));
      const at = records.findIndex(({ source }, i) => i >= before && source === "modest");
      expect(at - before).toBeLessThanOrEqual(2);
    }
    stopped = true;
    await runner.leave(greedy);
    await flood;
    await end(greedy, modest);
  });

  test("a picture that stands for several frames is stepped as often", async () => {
    const { runner, take, end, of } = setUp();
    const seat = take("slow");
    await runner.offer(seat, pictureOf(3, 0));
    await runner.offer(seat, pictureOf(3, 4, { times: 4 }));
    await vi.waitFor(() => expect(of("slow")).toHaveLength(2));
    const right = await alone(3, [0, 4, 4, 4, 4]);
    expect(distance(scoresOf(of("slow")[1] as WatchPrediction), right)).toBeLessThanOrEqual(1e-5);
    await end(seat);
  });

  test("a new stream remembers nothing of the one before, and a waiting picture of that one is dropped", async () => {
    const { runner, take, end, of } = setUp();
    const seat = take("again");
    for (const frame of [0, 1, 2]) await runner.offer(seat, pictureOf(0, frame));
    void runner.offer(seat, pictureOf(0, 3));
    runner.begin(seat, null);
    await runner.offer(seat, pictureOf(5, 0));
    await vi.waitFor(() => expect(of("again")).toHaveLength(4));
    const last = of("again").at(-1) as WatchPrediction;
    expect(last.dropped).toBe(1);
    expect(distance(scoresOf(last), await alone(5, [0]))).toBeLessThanOrEqual(1e-5);
    await end(seat);
  });

  test("sessions that take turns see every third frame each, and their answers are averaged", async () => {
    const { runner, take, end, of } = setUp();
    const seat = take("full");
    runner.begin(seat, 3);
    for (let frame = 0; frame < 8; frame++) await runner.offer(seat, pictureOf(2, frame));
    await vi.waitFor(() => expect(of("full")).toHaveLength(8));
    const parts = [await alone(2, [0, 3, 6]), await alone(2, [1, 4, 7]), await alone(2, [2, 5])];
    const mean = parts[0]?.map((score, c) => (score + (parts[1]?.[c] ?? 0) + (parts[2]?.[c] ?? 0)) / 3) ?? [];
    expect(distance(scoresOf(of("full")[7] as WatchPrediction), mean)).toBeLessThanOrEqual(1e-5);
    await end(seat);
  });

  test("a camera that leaves in the middle does not disturb the others", async () => {
    const { runner, take, end, of } = setUp();
    const [stays, leaves] = [take("stays"), take("leaves")];
    for (let frame = 0; frame < 4; frame++) {
      await runner.offer(stays, pictureOf(0, frame));
      if (frame < 2) void runner.offer(leaves, pictureOf(1, frame));
      if (frame === 2) {
        await runner.leave(leaves);
        await leaves.lanes[Symbol.asyncDispose]();
      }
    }
    await vi.waitFor(() => expect(of("stays")).toHaveLength(4));
    const right = await alone(0, [0, 1, 2, 3]);
    expect(distance(scoresOf(of("stays")[3] as WatchPrediction), right)).toBeLessThanOrEqual(1e-5);
    await end(stays);
  });
});

describe("saved states", () => {
  const toScores = (logits: Float32Array) => logits;
  const step = (lanes: Lanes, frame: number) => {
    const { input } = program.model.card;
    return lanes.step(preprocess({ ...input, data: pixels(1, frame) }, input), frame, toScores);
  };

  test("continue bit for bit, if they are recent and of the same model and memory", async () => {
    const folder = await mkdtemp(join(tmpdir(), "movinet-state-"));
    const [before, after] = [new Lanes(program, halfLifeFrames), new Lanes(program, halfLifeFrames)];
    await before.begin(2);
    for (let frame = 0; frame < 5; frame++) await step(before, frame);
    const name = "rtsp://***@10.0.0.5/sub?x=1";
    const save = () => writeState(folder, name, halfLifeFrames, program.model, before);
    await after.begin(2);
    expect(await readState(folder, name, halfLifeFrames, program.model, after)).toBe(false);
    await save();
    expect(await readState(folder, name, 7, program.model, after)).toBe(false);
    await save();
    await after.begin(3);
    expect(await readState(folder, name, halfLifeFrames, program.model, after)).toBe(false);
    await save();
    await after.begin(2);
    expect(await readState(folder, name, halfLifeFrames, program.model, after)).toBe(true);
    for (let frame = 5; frame < 9; frame++) {
      await step(before, frame);
      await step(after, frame);
    }
    expect(after.scores).toEqual(before.scores);
    expect(await readdir(folder)).toEqual([]);
    await save();
    vi.useFakeTimers({ now: Date.now() + 31_000, toFake: ["Date"] });
    expect(await readState(folder, name, halfLifeFrames, program.model, after)).toBe(false);
    vi.useRealTimers();
    await before[Symbol.asyncDispose]();
    await after[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
});

describe("the queue of records", () => {
  test("gives them in order, and makes writers wait while nobody reads", async () => {
    const queue = new RecordQueue<number>(3);
    let added = 0;
    const writing = (async () => {
      for (let i = 0; i < 10; i++) {
        await queue.add(i);
        added++;
      }
      queue.end();
    })();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(added).toBe(2);
    expect(await Array.fromAsync(queue.read())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await writing;
  });

  test("gives what came before an error, then the error", async () => {
    const queue = new RecordQueue<number>(3);
    void queue.add(1);
    queue.end({ error: new Error("lost") });
    const got: number[] = [];
    await expect(async () => {
      for await (const record of queue.read()) got.push(record);
    }).rejects.toThrow("lost");
    expect(got).toEqual([1]);
  });
});
