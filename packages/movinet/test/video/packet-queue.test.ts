import { expect, test } from "vitest";
import { PacketQueue, type TimeFacts } from "../../src/video/packet-queue.ts";

interface Fake {
  readonly time: number;
  readonly duration: number;
  readonly isKey: boolean;
  readonly data: Uint8Array;
}

const facts: TimeFacts = { typical: 0.04, duration: null, joinable: false };
const packet = (time: number, isKey = false): Fake => ({ time, duration: 0.04, isKey, data: new Uint8Array(10) });
const steady = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => packet(from + i / 25, i % 10 === 0));

const rounded = (times: readonly number[]) => times.map((time) => Math.round(time * 1000) / 1000);

async function* given(packets: readonly Fake[], error?: Error): AsyncGenerator<Fake, void> {
  yield* packets;
  if (error) throw error;
}

async function placed(queue: PacketQueue<Fake>): Promise<number[]> {
  const times: number[] = [];
  for (let next = await queue.next(); next !== null; next = await queue.next()) times.push(next.time);
  return rounded(times);
}
const timesOf = (packets: readonly Fake[]) => rounded(packets.map(({ time }) => time));

test("timestamps stay as they are, also after a long gap", async () => {
  const packets = [...steady(30), ...steady(30, 8)];
  const queue = new PacketQueue(given(packets), facts);
  expect(await placed(queue)).toEqual(timesOf(packets));
  expect([queue.damaged, queue.restarts, queue.readError]).toEqual([0, 0, null]);
});

test("a timestamp that later ones contradict is damaged: its packet follows the one before", async () => {
  const packets = steady(60).with(20, packet(90));
  const queue = new PacketQueue(given(packets), facts);
  expect(await placed(queue)).toEqual(timesOf(steady(60)));
  expect(queue.damaged).toBe(1);
});

test("in a joinable stream a key frame that goes back begins another piece, and reordered frames do not", async () => {
  const reordered = [0, 0.12, 0.04, 0.08, 0.24, 0.16, 0.2];
  const piece = (from: number) => reordered.map((time, i) => packet(from + time, i === 0));
  const queue = new PacketQueue(given([...piece(1.4), ...piece(1.4), ...piece(20)]), { ...facts, joinable: true });
  const expected = [0, 0.28, 0.56].flatMap((from) => reordered.map((time) => 1.4 + from + time));
  expect(await placed(queue)).toEqual(rounded(expected));
  expect(queue.restarts).toBe(2);
});

test("what cannot be read ends it, and is told", async () => {
  const queue = new PacketQueue(given(steady(5), new Error("the disk is gone")), facts);
  expect(await placed(queue)).toHaveLength(5);
  expect(queue.readError).toBe("the disk is gone");
});
