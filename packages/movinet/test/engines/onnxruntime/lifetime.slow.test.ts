/** Sessions of ONNX Runtime's C API come and go by the thousand, and nothing is left of them. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const source = new URL("../../../src/", import.meta.url).href;
const begin = `
  const load = (name) => import(${JSON.stringify(source)} + name);
  const { Program } = await load("session/program.ts");
  const { nodeEngine } = await load("engines/onnxruntime/onnx.node.ts");
  const { hashedModel } = await load("../test/laws/models.ts");
  const model = hashedModel("t0-stream", { classes: 7, resolution: { height: 16, width: 16 } });
  const engine = await nodeEngine({ threads: 1, call: "c-api", background: process.argv.includes("background") });
  const picture = new Float32Array(3 * 16 * 16).fill(0.5);
  const megabytes = () => { globalThis.gc(); return process.memoryUsage.rss() / 2 ** 20; };
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
`;

function run(code: string, ...args: readonly string[]): Readonly<Record<string, number>> {
  const flags = ["--expose-gc", "--input-type=module", "--eval", begin + code];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...flags, "--", ...args], {
    encoding: "utf8",
  });
  expect([status, signal, stderr]).toEqual([0, null, ""]);
  return JSON.parse(stdout) as Record<string, number>;
}

test.each(["here", "background"])("10,000 sessions, opened, run and dropped in random order: %s", (place) => {
  const { opened, before, after, wrong } = run(
    `
    let programs = [];
    let [opened, wrong, before] = [0, 0, 0];
    let expected = null;
    while (opened < 10_000) {
      if (opened === 5_000) before = megabytes();
      if (programs.length < 3) programs.push({ program: await Program.compile(model, engine), sessions: [] });
      const one = programs[random(programs.length)];
      const act = random(100);
      if (act < 60) {
        one.sessions.push(await one.program.openStream());
        opened++;
      } else if (act < 98) {
        const at = random(one.sessions.length + 1);
        const session = one.sessions[at];
        if (!session) continue;
        await session.reset();
        const [step, again] = [session.step(picture), act % 3 ? null : session.step(picture)];
        again?.catch(() => {});
        if (act % 2) await session[Symbol.asyncDispose]();
        if (act % 2) one.sessions.splice(at, 1);
        const { logits } = await step;
        expected ??= logits.slice();
        if (logits.some((value, c) => value !== expected[c])) wrong++;
      } else {
        programs.splice(programs.indexOf(one), 1);
        await one.program[Symbol.asyncDispose]();
      }
      if (one.sessions.length > 40) for (const session of one.sessions.splice(0)) await session[Symbol.asyncDispose]();
    }
    for (const { program } of programs) await program[Symbol.asyncDispose]();
    console.log(JSON.stringify({ opened, wrong, before, after: megabytes() }));`,
    place,
  );
  expect([opened, wrong]).toEqual([10_000, 0]);
  // Allocators reach their level after some 5,000. Were states of 30 kB left behind, the rest would leave 150 MB.
  expect((after as number) - (before as number)).toBeLessThan(40);
});

test("programs that are dropped without disposal are freed when they are collected", () => {
  const { before, after } = run(`
    let before = 0;
    for (let i = 0; i <= 120; i++) {
      const program = await Program.compile(model, engine);
      await (await program.openStream()).step(picture);
      for (let k = 0; i % 10 === 0 && k < 5; k++) {
        globalThis.gc();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (i === 40) before = megabytes();
    }
    console.log(JSON.stringify({ before, after: megabytes() }));`);
  // Eighty of them hold some 600 MB; what allocators keep stays below this, with disposal too.
  expect((after as number) - (before as number)).toBeLessThan(250);
});

test("100,000 steps leave memory as it was", () => {
  const { before, after } = run(`
    const program = await Program.compile(model, engine);
    const session = await program.openStream();
    for (let i = 0; i < 20_000; i++) await session.step(picture);
    const before = megabytes();
    for (let i = 0; i < 80_000; i++) await session.step(picture);
    console.log(JSON.stringify({ before, after: megabytes() }));
    await program[Symbol.asyncDispose]();`);
  expect((after as number) - (before as number)).toBeLessThan(15);
});
