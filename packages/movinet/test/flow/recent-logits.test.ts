import fc from "fast-check";
import { expect, test } from "vitest";
import { RecentLogits } from "../../src/flow/recent-logits.ts";

test("where logits are the mean of something over all frames, the estimate is its mean over the last ones", () => {
  const frame = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 3, maxLength: 3 });
  const property = fc.property(
    fc.array(frame, { minLength: 1, maxLength: 40 }),
    fc.integer({ min: 1, max: 12 }),
    (frames, window) => {
      const recent = new RecentLogits(window);
      const mean = (own: readonly number[][]) =>
        [0, 1, 2].map((c) => own.reduce((sum, f) => sum + f[c]!, 0) / own.length);
      for (let n = 1; n <= frames.length; n++) {
        const estimate = recent.add(Float32Array.from(mean(frames.slice(0, n))));
        const truth = mean(frames.slice(Math.max(0, n - window), n));
        for (const [c, value] of truth.entries()) expect(Math.abs(estimate[c]! - value)).toBeLessThan(1e-3);
      }
    },
  );
  fc.assert(property);
});
