/**
 * `npm run soak [-- MINUTES]`: runs the web app's live view on a fake camera in Chromium, for 30 minutes unless told otherwise, and
 * prints every 30 seconds how much memory it uses after a garbage collection. Fails if memory grows from the second third of the
 * time to the last, if a frame is not closed, or if answers stop. Needs Linux and the shared clips.
 */
import { loadavg } from "node:os";
import type { CDPSession } from "playwright-core";
import { memoryOf } from "./cpu.ts";
import { openLive } from "./live-page.ts";
import { row } from "./material.ts";

const [minutes = 30] = process.argv.slice(2).map(Number);
const every = 30;

interface Sample {
  readonly pageMB: number;
  readonly workerMB: number;
  /** Of the process that runs page and worker. */
  readonly rendererMB: number;
  /** Of all processes. */
  readonly browserMB: number;
  readonly fps: number;
}

const { page, browser, session, errors, close } = await openLive(6);
try {
  const worker = await workerSession(session);
  const system = await browser.newBrowserCDPSession();
  const samples: Sample[] = [];
  await page.waitForTimeout(60_000);
  await page.evaluate("said.length = 0");
  row("minutes,pageMB,workerMB,rendererMB,browserMB,fps,load");
  let since = performance.now();
  for (let done = every; done <= 60 * minutes; done += every) {
    await page.waitForTimeout(1000 * every);
    const answers = Number(await page.evaluate("said.splice(0).length"));
    const fps = (1000 * answers) / (performance.now() - since);
    since = performance.now();
    const { processInfo } = await system.send("SystemInfo.getProcessInfo");
    const pageMB = await heapOf((method) => session.send(method));
    const workerMB = await heapOf(worker);
    const memory = processInfo.map(({ id, type }) => ({ type, megabytes: memoryOf(id) }));
    const sum = (list: typeof memory) => list.reduce((all, { megabytes }) => all + megabytes, 0);
    const [rendererMB, browserMB] = [sum(memory.filter(({ type }) => type === "renderer")), sum(memory)];
    samples.push({ pageMB, workerMB, rendererMB, browserMB, fps });
    const cells = [pageMB, workerMB, rendererMB, browserMB, fps, loadavg()[0] ?? 0].map((value) => value.toFixed(1));
    row((done / 60).toFixed(1), ...cells);
  }
  const failures = [...growthOf(samples), ...errors];
  if (samples.some(({ fps }) => fps === 0)) failures.push("answers stopped");
  for (const failure of failures) console.error(failure);
  process.exitCode = failures.length > 0 ? 1 : 0;
} finally {
  await close();
}

/** What grew by more than a twentieth, and by more than the megabytes by which it varies anyway. */
function growthOf(samples: readonly Sample[]): string[] {
  const third = Math.floor(samples.length / 3);
  if (third === 0) return [];
  const varies = { pageMB: 1, workerMB: 1, rendererMB: 15, browserMB: 30 };
  return Object.entries(varies).flatMap(([name, some]) => {
    const medianOf = (part: readonly Sample[]) => {
      const values = part.map((sample) => sample[name as keyof typeof varies]).sort((a, b) => a - b);
      return values[values.length >> 1] ?? 0;
    };
    const [before, after] = [medianOf(samples.slice(third, 2 * third)), medianOf(samples.slice(2 * third))];
    return after > 1.05 * before + some ? [`${name} grew from ${before.toFixed(1)} to ${after.toFixed(1)}`] : [];
  });
}

type HeapMethod = "HeapProfiler.collectGarbage" | "Runtime.getHeapUsage";

/** Megabytes of JavaScript that are in use after a garbage collection. */
async function heapOf(send: (method: HeapMethod) => Promise<unknown>): Promise<number> {
  await send("HeapProfiler.collectGarbage");
  return ((await send("Runtime.getHeapUsage")) as { usedSize: number }).usedSize / 1e6;
}

/** Sends to the page's worker, which Playwright gives no session of its own. */
async function workerSession(page: CDPSession): Promise<(method: HeapMethod) => Promise<unknown>> {
  const attached = new Promise<string>((resolve) =>
    page.on("Target.attachedToTarget", (event) => resolve(event.sessionId)),
  );
  await page.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const sessionId = await attached;
  const waiting = new Map<number, (result: unknown) => void>();
  let last = 0;
  page.on("Target.receivedMessageFromTarget", (event) => {
    const { id, result } = JSON.parse(event.message) as { id: number; result: unknown };
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  return async (method) => {
    const id = ++last;
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    await page.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method }) });
    return answer;
  };
}
