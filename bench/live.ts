/**
 * The web app live in Chromium: `node bench/live.ts [SECONDS [STREAMS]]`, after half a minute that fills the curve. Prints frames per second, milliseconds
 * from a frame to its label on the screen, and long tasks of the main thread: as the page sees them, and in CPU time, since on
 * a busy machine a task also waits for its turn. A frame's time is the camera's, which is set so that the fastest frame reached
 * the worker at once.
 */
import { loadavg } from "node:os";
import { percentile } from "movinet/files";
import { cpuSeconds } from "./cpu.ts";
import { type LivePage, openLive, type Said } from "./live-page.ts";
import { machine, processor, row } from "./material.ts";

const [seconds = 60, streams = 6] = process.argv.slice(2).map(Number);
const fills = 30;
const traced = 20;

const live = await openLive(streams);
try {
  const { page, browser, errors } = live;
  await page.waitForTimeout(1000 * fills);
  const [loadBefore = 0] = loadavg();
  const before = cpuSeconds(process.pid);
  await page.evaluate("said.length = longTasks.length = 0");
  await page.waitForTimeout(1000 * seconds);
  const [said, longTasks] = (await page.evaluate("[said, longTasks]")) as [Said[], { duration: number }[]];
  const after = cpuSeconds(process.pid);
  const [loadAfter = 0] = loadavg();
  const tasks = await mainTasks(live);
  if (errors.length > 0) console.error(errors.join("\n"), new Date().toISOString());

  const offset = Math.min(...said.map(({ read, frame }) => read - frame));
  const drawn = said.filter((one): one is Said & { drawn: number } => one.drawn !== null);
  const delays = drawn.map((one) => one.drawn - one.frame - offset);
  const isNew = ({ label }: Said, i: number) => i > 0 && label !== said[i - 1]?.label;
  const labelDelays = said.filter(isNew).map((one) => (one.drawn ?? Number.NaN) - one.frame - offset);
  const began = said[0]?.got ?? 0;
  const counts = Array.from({ length: Math.floor(seconds / 5) }, (_, i) => {
    return said.filter(({ got }) => Math.floor((got - began) / 5000) === i).length / 5;
  });
  row(
    "machine,processor,browser,streams,seconds,fps,leastFpsIn5s,p50Ms,p95Ms,newLabels,newLabelP95Ms,longTasks,longestTaskMs,tracedLongestMs,tracedLongestCpuMs,browserCores,othersCores,loadBefore,loadAfter",
  );
  row(
    ...[machine, `"${processor}"`, `Chromium ${browser.version()}`, streams, seconds],
    ...[(said.length / seconds).toFixed(1), Math.min(...counts).toFixed(1)],
    ...[percentile(delays, 50).toFixed(0), percentile(delays, 95).toFixed(0)],
    ...[labelDelays.length, percentile(labelDelays, 95).toFixed(0)],
    ...[longTasks.length, Math.max(0, ...longTasks.map(({ duration }) => duration))],
    ...[tasks.longestMs.toFixed(0), tasks.longestCpuMs.toFixed(0)],
    ...[((after.own - before.own) / seconds).toFixed(2), ((after.others - before.others) / seconds).toFixed(2)],
    ...[loadBefore.toFixed(1), loadAfter.toFixed(1)],
  );
} finally {
  await live.close();
}

/** The longest tasks of the page's main thread, over some seconds: from begin to end, and in CPU time. */
async function mainTasks({ page, browser }: LivePage): Promise<{ longestMs: number; longestCpuMs: number }> {
  await browser.startTracing(page, { categories: ["toplevel", "-*"] });
  await page.waitForTimeout(1000 * traced);
  const { traceEvents } = JSON.parse(String(await browser.stopTracing())) as {
    traceEvents: readonly {
      name: string;
      pid: number;
      tid: number;
      dur?: number;
      tdur?: number;
      args?: { name?: string };
    }[];
  };
  const threads = traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const isMain = ({ pid, tid }: { pid: number; tid: number }) =>
    threads.some((one) => one.pid === pid && one.tid === tid);
  const tasks = traceEvents.filter((event) => event.name === "ThreadControllerImpl::RunTask" && isMain(event));
  const longest = (of: "dur" | "tdur") => Math.max(...tasks.map((task) => task[of] ?? 0)) / 1000;
  return { longestMs: longest("dur"), longestCpuMs: longest("tdur") };
}
