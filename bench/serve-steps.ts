import { createInterface } from "node:readline";

/** For each line on stdin with a number of steps, their times in milliseconds on stdout; at its end the peak memory. */
export async function serveSteps(step: () => Promise<unknown>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const times: number[] = [];
    for (let i = 0; i < Number(line); i++) {
      const start = performance.now();
      await step();
      times.push(performance.now() - start);
    }
    console.log(JSON.stringify(times));
  }
  console.log(JSON.stringify({ peakRssBytes: process.resourceUsage().maxRSS * 1024 }));
}
