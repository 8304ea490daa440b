/** Command lines of any kind, and places that cannot be written: one clear line, the right exit code, nothing half-written. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawFrom, pick } from "../../../packages/movinet/test/fuzz/mutate.ts";
import { carvingIce, hasShared, officialModel, sharedReason } from "../../../packages/movinet/test/shared.ts";

const bin = fileURLToPath(new URL("../bin/movinet.js", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-faults-"));
  await writeFile(join(folder, "text.mp4"), "no video");
});
afterAll(() => rm(folder, { recursive: true }));

function run(
  command: string,
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { ...process.env, MOVINET_CACHE: join(folder, "cache"), NO_COLOR: "1" };
  return new Promise((resolve) => {
    const child = execFile(command, args, { env, cwd: folder, timeout: 20_000 }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

const words = [
  ..."classify inspect bench --model --labels --top --fps --every --plot --json --quiet --threads --device --jobs --out --resume".split(
    " ",
  ),
  ..."--segments --no-segments --subtitles --states --peer --rounds --help --debug=no --no-json -- - -h = --= --top=3 --every=frame".split(
    " ",
  ),
  ..."a0-stream t0-base a9-stream text.mp4 none.mp4 *.avi http:// file:// /dev/null . 0 -1 1e9 NaN cpu tpu x.png x.pdf x.vtt ü 💥".split(
    " ",
  ),
];

test("command lines made of its own words", async () => {
  for (let seed = 0; seed < 60; seed++) {
    const draw = drawFrom(seed);
    const args = [pick(draw, words.slice(0, 3)), ...Array.from({ length: draw(6) }, () => pick(draw, words))];
    if (args[0] === "bench") args.push("--rounds", "0");
    const { code, stderr } = await run(process.execPath, [bin, ...args]);
    const line = `seed ${seed}: ${args.join(" ")} → ${code}: ${stderr}`;
    expect([0, 1, 2], line).toContain(code);
    expect(stderr, line).not.toMatch(/^\s+at |internal:|unhandled/im);
    if (code !== 0) expect(stderr, line).toMatch(/^movinet: .*[.?…]$/m);
  }
});

describe.skipIf(!hasShared)(`outputs that cannot be written${sharedReason}`, () => {
  const classify = (...args: string[]) => ["classify", "--model", officialModel, "--quiet", carvingIce, ...args];

  test.each([
    ["--plot", "missing/x.svg"],
    ["--plot", "text.mp4/x.png"],
    ["--subtitles", "/proc/x.vtt"],
    ["--out", "missing/x.jsonl"],
    ["--out", "/proc/x.jsonl"],
  ])("%s %s", async (option, file) => {
    const { code, stderr } = await run(process.execPath, [bin, ...classify(option, file)]);
    expect(stderr).toMatch(new RegExp(`^movinet: ${file.replaceAll("/", "\\/")}[^:]*: .*\\.\\n$`));
    // Only trying tells root that nothing can be made in /proc.
    expect(code).toBe(file.startsWith("/proc") && process.getuid?.() === 0 ? 1 : 2);
  });

  test("a disk that is full in the middle of the results", async () => {
    const { code, stderr } = await run("sh", [
      "-c",
      // Blocks of 512 bytes: the first line of the file fits, the result does not.
      'trap "" XFSZ; ulimit -f 1; exec "$@"',
      "sh",
      process.execPath,
      bin,
      ...classify("--out", "full.jsonl", "--top", "100"),
    ]);
    expect(stderr).toMatch(/^movinet: full\.jsonl: .*(EFBIG|ENOSPC|file too large).*\.\n$/i);
    expect(code).toBe(1);
    expect((await readdir(folder)).filter((name) => /tmp|lock/.test(name))).toEqual([]);
  });
});
