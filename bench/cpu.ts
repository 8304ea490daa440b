/** CPU time and memory of processes, from Linux's /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Seconds since the machine started: of a process and all below it, and of everything else. */
export function cpuSeconds(root: number): { readonly own: number; readonly others: number } {
  const processes = processesBelow(root);
  const own = processes.reduce((sum, { ticks }) => sum + ticks, 0) / 100;
  // user, nice, system, idle, waiting, interrupts, softer ones, stolen
  const [user = 0, nice = 0, system = 0, , , hard = 0, soft = 0] = numbersIn("/proc/stat");
  return { own, others: (user + nice + system + hard + soft) / 100 - own };
}

/** Megabytes of memory of a process; of what several share, its part. */
export function memoryOf(id: number): number {
  const [, kilobytes = "0"] = /^Pss:\s+(\d+)/m.exec(read(`/proc/${id}/smaps_rollup`)) ?? [];
  return Number(kilobytes) / 1000;
}

function processesBelow(root: number): readonly { readonly ticks: number }[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const facts = new Map(
    all.map((id) => {
      const fields = read(`/proc/${id}/stat`).replace(/^.*\)/s, "").trim().split(" ");
      return [Number(id), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }];
    }),
  );
  const isBelow = (id: number): boolean => id === root || (id > 1 && isBelow(facts.get(id)?.parent ?? 0));
  return [...facts].filter(([id]) => isBelow(id)).map(([, { ticks }]) => ({ ticks: ticks || 0 }));
}

function numbersIn(file: string): readonly number[] {
  return Array.from(/^cpu (.*)$/m.exec(read(file))?.[1]?.matchAll(/\d+/g) ?? [], Number);
}

/** Empty where the process has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
