/** The command line as others get it: packed, and installed with all it needs as its README says. */
import { exec, execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tarOf } from "../../packages/movinet/test/formats/tar.ts";
import { carvingIce, hasShared, officialModel, sharedReason } from "../../packages/movinet/test/shared.ts";
import { motionVideo } from "../../packages/movinet/test/video/make-motion.ts";
import { makeVideo } from "../../packages/movinet/test/video/make-video.ts";
import { startWorld, worldOf } from "../../packages/movinet/test/zoo/real-hosts.ts";
import { file } from "../../packages/movinet/test/zoo/server.ts";
import { packPackages } from "../../scripts/pack.ts";
import { install, installCommands, installNodes, obstacle, run } from "./project.ts";
import { openRegistry } from "./registry.ts";

describe.skipIf(obstacle !== "")(`the packed command line${obstacle}`, () => {
  let work: string;
  let project: string;
  let cli: string;
  let nodes: Readonly<Record<string, string>>;
  let packages: readonly string[];

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), "movinet-package-"));
    project = join(work, "project");
    mkdirSync(project);
    packages = packPackages(work);
    const registry = await openRegistry(packages);
    const [command = ""] = installCommands("apps/cli/README.md");
    const env = { ...process.env, ...registry.env, npm_config_prefix: join(work, "global") };
    await promisify(exec)(command, { cwd: project, env, timeout: 300_000 });
    registry.close();
    const modules = [join(work, "global", "lib", "node_modules"), join(work, "global", "node_modules")];
    cli = join(modules.find((folder) => existsSync(folder)) ?? "", "@movinet/cli");
    nodes = installNodes(join(work, "nodes"));
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  test("npx movinet is the command line, whichever package is asked for", () => {
    const local = join(work, "local");
    install(local, packages);
    const options = { cwd: local, encoding: "utf8", shell: process.platform === "win32" } as const;
    for (const name of ["movinet", "@movinet/cli", "movinet-npx"]) {
      expect(execFileSync("npx", ["--no-install", name, "--version"], options)).toMatch(/^\d+\.\d+\.\d+\n$/);
    }
  });

  describe.each(["Node 22", "Node 24"])("%s", (version) => {
    const movinet = (...args: string[]) =>
      run(nodes[version] as string, [join(cli, "bin/movinet.js"), ...args], project);

    test("tells its version and its commands", async () => {
      const manifest = JSON.parse(readFileSync(join(cli, "package.json"), "utf8"));
      expect(await movinet("--version")).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
      const help = await movinet("--help");
      expect([help.code, help.stderr]).toEqual([0, ""]);
      expect(help.stdout).toContain("classify");
    });

    test("names the action in a video", async () => {
      makeVideo(join(project, "pan.mp4"), motionVideo({ label: "pan left", fps: 10, count: 20, codec: "libx264" }));
      const { code, stdout, stderr } = await movinet(
        "classify",
        "pan.mp4",
        "--model",
        "camera-motion",
        "--json",
        "--quiet",
      );
      expect([code, stderr]).toEqual([0, ""]);
      expect(JSON.parse(stdout).predictions[0].label).toBe("pan left");
    });

    test("gives its errors in one line", async () => {
      const { code, stderr } = await movinet("classify", "package.json", "--model", "nowhere");
      expect(code).toBe(2);
      expect(stderr).toMatch(/^movinet: nowhere.*\n$/);
    });

    test.each(["tflite", "onnx"])("converts the embedded model to .%s with a receipt", async (format) => {
      const args = ["convert", "camera-motion", `camera-motion.${format}`, "--json", "--quiet"];
      const { code, stdout, stderr } = await movinet(...args);
      expect([code, stderr]).toEqual([0, ""]);
      expect(JSON.parse(stdout)).toMatchObject({ type: "receipt", pass: true, result: { format, form: "step" } });
    });

    test.skipIf(!hasShared)(`names the action and draws it as PNG${sharedReason}`, async () => {
      const args = ["classify", carvingIce, "--model", officialModel, "--plot", "plot.png", "--json", "--quiet"];
      const { code, stdout, stderr } = await movinet(...args);
      expect([code, stderr]).toEqual([0, ""]);
      expect(JSON.parse(stdout).predictions[0].label).toBe("carving ice");
      expect(readFileSync(join(project, "plot.png")).subarray(1, 4).toString()).toBe("PNG");
    });

    test.skipIf(!hasShared)(`fetches the model that it is asked for, by its real address${sharedReason}`, async () => {
      const tar = tarOf([{ name: "1.tflite", content: readFileSync(officialModel) }]);
      const path =
        "www.kaggle.com/api/v1/models/google/movinet/tfLite/a0-stream-kinetics-600-classification-tflite-int8/1/download";
      await using world = await startWorld({ [path]: file(new Uint8Array(gzipSync(tar))) });
      const env = { ...worldOf(world), MOVINET_CACHE: join(work, `cache of ${version}`) };
      const args = ["classify", carvingIce, "--model", "a0-stream-int8", "--json", "--quiet"];
      for (const _ of ["fetched", "kept"]) {
        const program = [join(cli, "bin/movinet.js"), ...args];
        const { code, stdout, stderr } = await run(nodes[version] as string, program, project, env);
        expect([code, stderr]).toEqual([0, ""]);
        expect(JSON.parse(stdout).predictions[0].label).toBe("carving ice");
      }
      expect(world.asked).toEqual([path]);
    });

    test.skipIf(!hasShared)(`works on two videos at a time${sharedReason}`, async () => {
      const sources = ["a.mp4", "b.mp4"];
      for (const source of sources) copyFileSync(carvingIce, join(project, source));
      const args = ["classify", ...sources, "--model", officialModel, "--jobs", "2", "--json", "--quiet"];
      const { code, stdout, stderr } = await movinet(...args);
      expect([code, stderr]).toEqual([0, ""]);
      const results = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(results.map(({ source }) => source).sort()).toEqual(sources);
      expect(results.map(({ predictions }) => predictions[0].label)).toEqual(["carving ice", "carving ice"]);
    });
  });
});
