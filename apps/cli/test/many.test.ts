/** What a run over many sources keeps small and in order. */
import fc from "fast-check";
import { percentile } from "movinet/files";
import { expect, test } from "vitest";
import { OrderedOutputs } from "../src/classify/outputs.ts";
import { DurationHistogram } from "../src/classify/progress.ts";

test("percentiles of durations are those of all values, within 1 %", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.01, max: 1e5, noNaN: true }), { minLength: 1 }), (values) => {
      const histogram = new DurationHistogram();
      for (const value of values) histogram.add(value);
      for (const p of [0, 50, 95, 100]) {
        expect(Math.abs(histogram.percentile(p) / percentile(values, p) - 1)).toBeLessThan(0.01);
      }
    }),
  );
  expect(new DurationHistogram().percentile(50)).toBe(0);
});

test("lines come in the order of the sources, whichever is done first", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 12 }), async (scheduler, sources) => {
      const written: string[] = [];
      const outputs = new OrderedOutputs((text) => written.push(text));
      let index = 0;
      const work = async () => {
        while (index < sources) {
          const own = index++;
          const output = await outputs.open(own);
          for (const part of ["a", "b"]) {
            await scheduler.schedule(Promise.resolve());
            output.line(`${own}${part}`);
          }
          output.end();
        }
      };
      await scheduler.waitFor(Promise.all([work(), work(), work()]));
      expect(written).toEqual(Array.from({ length: sources }, (_, i) => [`${i}a`, `${i}b`]).flat());
    }),
  );
});

test("the oldest source shows its lines at once; an interrupt shows what is done behind it", async () => {
  const written: string[] = [];
  const outputs = new OrderedOutputs((text) => written.push(text));
  const [first, second, third] = [await outputs.open(0), await outputs.open(1), await outputs.open(2)];
  second.line("second");
  second.end();
  first.line("first, early");
  third.line("third, half");
  expect(written).toEqual(["first, early"]);
  outputs.flush();
  expect(written).toEqual(["first, early", "second"]);
});

test("a source that hangs holds back only so many others", async () => {
  const outputs = new OrderedOutputs(() => {});
  const slow = await outputs.open(0);
  for (let i = 1; i < 1000; i++) (await outputs.open(i)).end();
  let opened = false;
  const next = outputs.open(1000).then(() => {
    opened = true;
  });
  await new Promise(setImmediate);
  expect(opened).toBe(false);
  slow.end();
  await next;
  await Promise.all([outputs.open(1001), outputs.open(5000), new Promise<void>((done) => done(outputs.flush()))]);
});
