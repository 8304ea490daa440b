/** Clients as Google wrote them for its own files, on ours: the sample for the Raspberry Pi, and what reads packed labels. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { openModel } from "movinet/files";
import { openVideo } from "movinet/video";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "../../apps/cli/test/command-line.ts";
import { byFingerprint } from "../../packages/movinet/src/formats/tflite/write/fingerprint.ts";
import { pythonObstacle, pythonWith, runPython } from "./environment.ts";
import { type Case, writeCases } from "./material.ts";

// Wheels of both ends of tflite_runtime are for this Python.
const version = "3.9";
const obstacle = pythonObstacle(version);
const folder = mkdtempSync(join(tmpdir(), "movinet-clients-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { run } = commandLine(() => folder);

/** Google's A0 in int8, its labels, and videos of people. */
const shared = process.env["MOVINET_SHARED"] ?? join(import.meta.dirname, "../../../shared");
const google = join(shared, "models/movinet_a0_stream_k600_int8.tflite");
const kinetics = join(shared, "models/kinetics600_label_map.txt");
const films =
  "part0 swimming1 jumping_jacks cat_basketball benchpress chess_overlay ice_rpi pyx_test cat_bow ice_android".split(
    " ",
  );
const hasShared = existsSync(google);

const runtimes = ["2.7.0", "2.14.0"];
const everyForm: readonly Case[] = (["step", "official", "clip"] as const).flatMap((form) =>
  (["float32", "float16", "dynamic_int8"] as const).map(
    (dtype) => ({ spec: "a0-stream", format: "tflite", form, dtype }) as const,
  ),
);

/** A model with its list of labels, and the clips that it is asked about. */
interface Job {
  readonly model: string;
  readonly labels: string;
  readonly clips: readonly { readonly name: string; readonly file: string }[];
}
const jobs: Job[] = [];
/** What the command line says, by model and clip. */
const expected: Readonly<Record<string, string>>[] = [];

describe.skipIf(obstacle !== "")(`Google's samples${obstacle}`, () => {
  beforeAll(async () => {
    const small = ["--clips", "10", "--size", "160x120", "--seconds", "2", "--seed", "1", "--quiet"];
    await must("dataset", "synth", "camera-motion", "clips", ...small);
    const clips = (await readdir(join(folder, "clips"), { recursive: true })).filter((name) => name.endsWith(".mp4"));
    for (const dtype of ["float16", "dynamic_int8"]) {
      await must("convert", "camera-motion", `${dtype}.tflite`, "--form", "official", "--dtype", dtype, "--quiet");
      const own = { model: join(folder, `${dtype}.tflite`), labels: join(folder, `${dtype}.labels.txt`) };
      await ask(
        own,
        clips.map((name) => join(folder, "clips", name)),
      );
    }
    if (!hasShared) return;
    const videos = await readdir(join(shared, "videos/k600"));
    const chosen = videos.filter((name) => films.some((film) => name.includes(film)));
    const paths = chosen.map((name) => join(shared, "videos/k600", name));
    await ask({ model: google, labels: kinetics }, paths);
    await must("convert", google, "kinetics.tflite", "--form", "official", "--quiet");
    const own = { model: join(folder, "kinetics.tflite"), labels: join(folder, "kinetics.labels.txt") };
    await ask(own, paths);
  });

  const without = hasShared ? "" : ` (without Google's file and videos: no folder ${shared})`;
  test.each(runtimes)(`the Raspberry Pi's client on tflite_runtime %s${without}`, async (runtime) => {
    const told = await runPython<Told>(await runtimeOf(runtime), "pi.py", join(folder, "jobs.json"));
    expect(told.version).toBe(runtime);
    expect(told.found).toEqual(expected);
    expect(jobs.map(({ clips }) => clips.length)).toEqual(jobs.map(() => 10));
  });

  test.each(runtimes)("tflite_runtime %s runs every form and precision", async (runtime) => {
    const cases = await writeCases(join(folder, "cases"), everyForm);
    const differences = await runPython<Readonly<Record<string, number>>>(
      await runtimeOf(runtime),
      "litert.py",
      join(folder, "cases"),
    );
    expect(Object.keys(differences)).toHaveLength(cases.length);
    for (const [name, difference] of Object.entries(differences)) {
      expect.soft(difference, name).toBeLessThan(name.includes("dynamic_int8") ? 0.1 : 1e-4);
    }
  });

  test("tflite-support reads tensors in their order, labels and normalisation", async () => {
    const packages = ["tflite-support==0.4.4", "numpy==1.26.4", "flatbuffers==25.9.23", "protobuf==3.20.3"];
    const python = await pythonWith(version, "tflite-support", packages);
    const packed = await runPython<Packed>(python, "packed.py", join(folder, "float16.tflite"));
    const list = await readFile(join(folder, "float16.labels.txt"), "utf8");
    expect(packed).toMatchObject({ labels: list.trimEnd().split("\n"), normalization: [[0], [255]] });
    for (const names of [packed.inputs, packed.outputs]) expect(names).toEqual(byFingerprint(names));
  });
});

function runtimeOf(runtime: string): Promise<string> {
  return pythonWith(version, `tflite-runtime-${runtime}`, [`tflite_runtime==${runtime}`, "numpy==1.26.4"]);
}

interface Told {
  readonly version: string;
  readonly found: readonly Readonly<Record<string, string>>[];
}

interface Packed {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly labels: readonly string[];
  readonly normalization: readonly (readonly number[])[];
}

async function must(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  if (code !== 0) throw new Error(`movinet ${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}

/** Notes what the command line says of videos, and hands their pictures to the clients. */
async function ask(files: Pick<Job, "model" | "labels">, paths: readonly string[]): Promise<void> {
  const { card } = await openModel(files.model);
  const lines = (await must("classify", ...paths, "--model", files.model, "--json", "--quiet")).trim().split("\n");
  const results = lines.map((line) => JSON.parse(line));
  expected.push(Object.fromEntries(results.map(({ source, predictions: [best] }) => [basename(source), best.label])));
  const clips: Job["clips"][number][] = [];
  for (const path of paths) {
    const pictures: Uint8Array[] = [];
    for await (const { data } of openVideo(path, { fps: card.fps, size: card.input })) pictures.push(data.slice());
    const file = join(folder, `${jobs.length}-${basename(path)}.u8`);
    writeFileSync(file, Buffer.concat(pictures));
    clips.push({ name: basename(path), file });
  }
  jobs.push({ ...files, clips });
  writeFileSync(join(folder, "jobs.json"), JSON.stringify(jobs));
}
