import { stat } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { nameOfSource, percentile } from "movinet/files";
import type { ChildStart } from "./child.ts";
import { type PeerName, peerCommand, type Ready, Runner } from "./runner.ts";

export interface BenchSettings {
  /** Null: `litert` for a quantized model, `cpu` for others. */
  readonly device: string | null;
  readonly threads: number;
  readonly rounds: number;
  readonly peers: readonly PeerName[];
  readonly checkout: string | undefined;
  /** Ends what runs. */
  readonly signal: AbortSignal;
  /** Receives reasons not to trust a model's answers as they are. */
  readonly warn: (warning: string) => void;
}

/** One measured process. Null: unknown. */
export interface BenchRow {
  readonly type: "bench";
  readonly model: string;
  readonly machine: string;
  readonly device: string;
  readonly threads: number;
  /** The arithmetic of ours: `int8` in a quantized model's integers. Null: unknown, as a peer has the file's. */
  readonly dtype: string | null;
  readonly peer: PeerName | null;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly framesPerSecond: number;
  readonly sessionMs: number;
  readonly copiedBytesPerStep: number | null;
  readonly peakRssBytes: number;
  readonly fileBytes: number | null;
  /** Our median over the peer's, median of the rounds. */
  readonly ratio: number | null;
  /** The source that a whole run went through; the times of its stages, which overlap. */
  readonly video: string | null;
  readonly decodeMs: number | null;
  readonly preprocessMs: number | null;
  readonly inferMs: number | null;
}

const stepsPerRound = 20;

/**
 * Times a model, and peers on the same work in alternating rounds, each in its own process. `skipped` is called for peers
 * that cannot run, `onRound` after every round.
 */
export async function benchModel(
  model: string,
  settings: BenchSettings,
  skipped: (peer: PeerName, reason: string) => void,
  onRound: (done: number) => void,
): Promise<readonly BenchRow[]> {
  const { device, threads, rounds, peers, checkout, signal, warn } = settings;
  const contestants: Contestant[] = [];
  try {
    const own = await begin(null, ownRunner({ model, device, threads, video: null }, signal));
    contestants.push(own);
    own.ready.warnings?.forEach(warn);
    for (const peer of peers) {
      const command = peerCommand(peer, { model, ready: own.ready, threads, checkout });
      if (typeof command === "string") {
        skipped(peer, command);
        continue;
      }
      const runner = new Runner(command, signal);
      try {
        contestants.push(await begin(peer, runner));
      } catch (error) {
        await runner[Symbol.asyncDispose]();
        skipped(peer, (error as Error).message);
      }
    }
    for (const { runner } of contestants) await runner.steps(stepsPerRound);
    for (let round = 0; round < rounds; round++) {
      for (const { runner, times } of contestants) times.push(await runner.steps(stepsPerRound));
      onRound(round + 1);
    }
    const fileBytes = (await stat(model).catch(() => null))?.size ?? null;
    const rows: BenchRow[] = [];
    for (const contestant of contestants) {
      const peakRssBytes = await contestant.runner.finish();
      rows.push(rowOf(contestant, own, { model, threads, peakRssBytes, fileBytes }));
    }
    return rows;
  } finally {
    await Promise.all(contestants.map(({ runner }) => runner[Symbol.asyncDispose]()));
  }
}

/** Runs a whole video through a model and times its stages. */
export async function benchVideo(
  model: string,
  video: string,
  { device, threads, signal, warn }: Pick<BenchSettings, "device" | "threads" | "signal" | "warn">,
): Promise<BenchRow> {
  const runner = ownRunner({ model, device, threads, video }, signal);
  try {
    const ready = await runner.ready();
    ready.warnings?.forEach(warn);
    const times = await runner.video();
    const fileBytes = (await stat(model).catch(() => null))?.size ?? null;
    const own = { peer: null, runner, ready, times: [times.stepsMs] };
    const row = rowOf(own, own, { model, threads, peakRssBytes: await runner.finish(), fileBytes });
    return {
      ...row,
      framesPerSecond: rounded((1000 * times.frames) / times.totalMs),
      video: nameOfSource(video),
      decodeMs: rounded(times.decodeMs),
      preprocessMs: rounded(times.preprocessMs),
      inferMs: rounded(times.inferMs),
    };
  } finally {
    await runner[Symbol.asyncDispose]();
  }
}

function ownRunner(start: ChildStart, signal: AbortSignal): Runner {
  const child = fileURLToPath(new URL(`./child${extname(import.meta.url)}`, import.meta.url));
  return new Runner({ program: process.execPath, args: [child, JSON.stringify(start)] }, signal);
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

interface Contestant {
  readonly peer: PeerName | null;
  readonly runner: Runner;
  readonly ready: Ready;
  /** By round. */
  readonly times: (readonly number[])[];
}

async function begin(peer: PeerName | null, runner: Runner): Promise<Contestant> {
  return { peer, runner, ready: await runner.ready(), times: [] };
}

function rowOf(
  { peer, ready, times }: Contestant,
  own: Contestant,
  more: Pick<BenchRow, "model" | "threads" | "peakRssBytes" | "fileBytes">,
): BenchRow {
  const all = times.flat();
  const p50Ms = percentile(all, 50);
  const ratios = times.map((round, i) => percentile(own.times[i] ?? [], 50) / percentile(round, 50));
  const { model, threads, peakRssBytes, fileBytes } = more;
  return {
    type: "bench",
    model,
    machine: `${cpus()[0]?.model ?? process.arch}, ${availableParallelism()} cores`,
    device: ready.device ?? "cpu",
    threads,
    dtype: ready.dtype ?? (own.ready.dtype === "float32" ? "float32" : null),
    peer,
    p50Ms: rounded(p50Ms),
    p95Ms: rounded(percentile(all, 95)),
    framesPerSecond: rounded((1000 * (own.ready.frames ?? 1)) / p50Ms),
    sessionMs: rounded(ready.sessionMs),
    copiedBytesPerStep: ready.copiedBytesPerStep ?? null,
    peakRssBytes,
    fileBytes,
    ratio: peer === null ? null : rounded(percentile(ratios, 50)),
    video: null,
    decodeMs: null,
    preprocessMs: null,
    inferMs: null,
  };
}
