/** The one command on an empty machine: the model comes from its real address, over https, and the answer is right. */
import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readModel, writeModel } from "movinet/formats";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { tarOf } from "../../../../packages/movinet/test/formats/tar.ts";
import { carvingIce, hasShared, officialModel, sharedReason } from "../../../../packages/movinet/test/shared.ts";
import { startWorld, worldOf } from "../../../../packages/movinet/test/zoo/real-hosts.ts";
import { file, type Give, redirect, status, type TestServer } from "../../../../packages/movinet/test/zoo/server.ts";
import { commandLine } from "../command-line.ts";

const kaggle = (path: string) => `www.kaggle.com/api/v1/models/google/movinet/${path}/download`;
const int8 = kaggle("tfLite/a0-stream-kinetics-600-classification-tflite-int8/1");
const archive = "/kagglesdsdata/models/3/4/archive.tar.gz?X-Goog-Signature=abc";

let root: string;
let folder: string;
let world: TestServer;
let env: NodeJS.ProcessEnv;
const { run } = commandLine(
  () => folder,
  () => env,
);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "movinet-world-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(root, "run-"));
  world = await startWorld();
  env = worldOf(world);
});
afterEach(() => world[Symbol.asyncDispose]());

/** Puts an archive where Kaggle would: behind a redirect to another host. */
function putArchive(path: string, content: Uint8Array): void {
  world.paths.set(path, redirect(`https://storage.googleapis.com${archive}`));
  world.paths.set(`storage.googleapis.com${archive}`, file(content));
}
const cached = async () => (await readdir(join(folder, "cache"), { recursive: true })).sort();
const label = (stdout: string) => JSON.parse(stdout.trim().split("\n").at(-1) ?? "").predictions[0].label;

describe.skipIf(!hasShared)(`real weights${sharedReason}`, () => {
  const official = () => new Uint8Array(readFileSync(officialModel));
  const packed = () => new Uint8Array(gzipSync(tarOf([{ name: "1.tflite", content: official() }])));

  test("a0-stream-int8: a redirect, an archive, the file of the hash that is known; then no network", async () => {
    putArchive(int8, packed());
    const first = await run("classify", carvingIce, "--model", "a0-stream-int8", "--json");
    expect(first.stderr).toContain(
      "a0-stream-int8: downloading google/movinet from www.kaggle.com, about 3.28 MB, licence Apache-2.0\n",
    );
    expect([first.code, label(first.stdout)]).toEqual([0, "carving ice"]);
    expect(world.asked).toEqual([int8, `storage.googleapis.com${archive}`]);
    expect(await cached()).toEqual(["a0-stream-int8.tflite", "models.lock.json"]);
    env = { ...env, MOVINET_TEST_HOSTS: "" };
    const second = await run("classify", carvingIce, "--model", "a0-stream-int8", "--json", "--quiet");
    expect([second.code, label(second.stdout), second.stderr]).toEqual([0, "carving ice", ""]);
    const { code, stdout } = await run("inspect", "a0-stream-int8", "--json");
    expect([code, JSON.parse(stdout).variant]).toEqual([0, "a0"]);
    expect(world.asked).toHaveLength(2);
  });

  test("wrong bytes in the archive are refused, and nothing is left", async () => {
    const content = official();
    content[content.length - 1] = 1 + (content.at(-1) ?? 0);
    putArchive(int8, new Uint8Array(gzipSync(tarOf([{ name: "1.tflite", content }]))));
    const { code, stdout, stderr } = await run("classify", carvingIce, "--model", "a0-stream-int8", "--quiet");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^movinet: a0-stream-int8: it could not be fetched \(www\.kaggle\.com: its content is not what was published \(SHA-256 .*needs no download: it recognizes camera motion\.\n$/,
    );
    expect(await cached()).toEqual([]);
  });

  test("no model is named: a mirror, then the same answer without it", async () => {
    const { spec, weights, card } = readModel(official(), "official.tflite");
    const named = { ...card, name: "a0-stream", labels: readFileSync(labelsFile, "utf8").trim().split("\n") };
    world.paths.set("mirror.example/models/a0-stream.safetensors", file(writeModel({ spec, weights, card: named })));
    env = { ...env, MOVINET_MIRROR: "https://mirror.example/models/" };
    const first = await run("classify", carvingIce, "--json");
    expect(first.stderr).toMatch(
      /^a0-stream: downloading a0-stream\.safetensors of your mirror from mirror\.example, about 15\.1 MB, licence MIT\n/,
    );
    expect([first.code, label(first.stdout)]).toEqual([0, "carving ice"]);
    expect(world.asked).toEqual(["mirror.example/models/a0-stream.safetensors"]);
    env = { ...env, MOVINET_MIRROR: "", MOVINET_TEST_HOSTS: "" };
    expect(label((await run("classify", carvingIce, "--json", "--quiet")).stdout)).toBe("carving ice");
  });

  const labelsFile = officialModel.replace(/[^/]*$/, "kinetics600_label_map.txt");

  test("a file that was put there by hand, as the message says", async () => {
    const asked = await run("classify", carvingIce, "--model", "a0-stream-int8", "--offline");
    const [, url, place = ""] =
      /^movinet: a0-stream-int8: the cache holds none; nothing may be fetched \(offline\)\. Download (\S+) where there is a network, and put it at (\S+)\. --model camera-motion needs no download: it recognizes camera motion\.\n$/.exec(
        asked.stderr,
      ) ?? [];
    expect([asked.code, url]).toEqual([2, `https://${int8}`]);
    await run("cache", "clear");
    await writeFile(join(folder, "archive"), packed());
    await (await import("node:fs/promises")).mkdir(join(folder, "cache"), { recursive: true });
    await copyFile(join(folder, "archive"), place);
    const { code, stdout } = await run("classify", carvingIce, "--model", "a0-stream-int8", "--offline", "--json");
    expect([code, label(stdout)]).toEqual([0, "carving ice"]);
    expect(world.asked).toEqual([]);
  });

  describe("through a proxy", () => {
    let proxy: Server;
    const through: string[] = [];
    const ends: { destroy(): unknown }[] = [];
    beforeEach(async () => {
      through.splice(0);
      proxy = createServer().on("connect", (request, socket, head) => {
        through.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
        const onward = connect(world.port, "127.0.0.1", () => {
          socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
          onward.write(head);
          onward.pipe(socket).pipe(onward);
        });
        for (const end of [socket, onward]) ends.push(end.on("error", () => {}));
      });
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      putArchive(int8, packed());
    });
    afterEach(() => {
      for (const end of ends.splice(0)) end.destroy();
      proxy.close();
    });
    const address = () => `127.0.0.1:${(proxy.address() as AddressInfo).port}`;

    test.each(["HTTPS_PROXY", "https_proxy"])("%s", async (name) => {
      env = { ...env, MOVINET_TEST_HOSTS: "", [name]: `http://me:secret@${address()}` };
      const { code, stderr } = await run("pull", "a0-stream-int8");
      expect([code, stderr]).toEqual([0, expect.not.stringContaining("secret")]);
      const known = `Basic ${Buffer.from("me:secret").toString("base64")}`;
      expect(through).toEqual([`www.kaggle.com:443 ${known}`, `storage.googleapis.com:443 ${known}`]);
    });

    test("NO_PROXY", async () => {
      env = { ...env, HTTPS_PROXY: `http://${address()}`, NO_PROXY: "www.kaggle.com" };
      expect((await run("pull", "a0-stream-int8", "--quiet")).code).toBe(0);
      expect(through).toEqual(["storage.googleapis.com:443"]);
    });

    test.each([
      ["http://127.0.0.1:9", /no response \(ECONNREFUSED\)/],
      ["socks5://127.0.0.1:9", /www\.kaggle\.com: HTTPS_PROXY is not an http proxy URL \(socks5:/],
    ])("one that is not there: %s", async (value, message) => {
      env = { ...env, HTTPS_PROXY: value };
      const { code, stderr } = await run("pull", "a0-stream-int8", "--quiet");
      expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
      expect(stderr.trim()).not.toContain("\n");
    });
  });
});

describe("nothing to be had: one line, what to do, and nothing left", () => {
  const byHand =
    "Download https://raw\\.githubusercontent\\.com/\\S+/modelA0_stream_statedict_v3 where there is a network, and put it at \\S+a0-stream\\.pt\\. --model camera-motion needs no download: it recognizes camera motion\\.\n$";

  test.each<[string, Give | null, string]>([
    ["no network", null, "raw.githubusercontent.com: no response (ENOTFOUND); www.kaggle.com: no response (ENOTFOUND)"],
    [
      "404",
      status(404),
      "raw.githubusercontent.com: file not found on the server (404); www.kaggle.com: file not found on the server (404)",
    ],
    [
      "403",
      status(403),
      "raw.githubusercontent.com: access denied by the server (403); www.kaggle.com: access denied by the server (403)",
    ],
    [
      "a page to sign in",
      (response) => response.writeHead(200).end("<html>"),
      "raw.githubusercontent.com: it is a web page, not the file itself (",
    ],
  ])("%s", async (_, give, told) => {
    if (give === null) env = { ...env, MOVINET_TEST_HOSTS: "" };
    else {
      for (const path of [kaggle("tensorFlow2/a0-stream-kinetics-600-classification/2"), port("A0_stream")]) {
        world.paths.set(path, give);
      }
    }
    await writeFile(join(folder, "clip.mp4"), "no video");
    const { code, stdout, stderr } = await run("classify", "clip.mp4", "--quiet");
    expect([code, stdout, stderr.split("\n").length]).toEqual([1, "", 2]);
    expect(stderr).toContain(`movinet: a0-stream: download failed (${told}`);
    expect(stderr).toMatch(new RegExp(byHand));
    expect(await cached()).toEqual([]);
  });

  test("a certificate that nobody knows", async () => {
    env = { ...env, NODE_EXTRA_CA_CERTS: "" };
    const { code, stderr } = await run("pull", "a0-stream-int8", "--quiet");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /the server's certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT; .*NODE_EXTRA_CA_CERTS/,
      ),
    ]);
  });

  test("a mirror that is no address", async () => {
    env = { ...env, MOVINET_MIRROR: "models" };
    const { code, stderr } = await run("pull", "a0-stream", "--quiet");
    expect([code, stderr]).toEqual([
      1,
      'movinet: MOVINET_MIRROR: not an http(s) URL: "models". Set it to the URL of a folder of models, or unset it.\n',
    ]);
  });
});

const port = (name: string) =>
  `raw.githubusercontent.com/Atze00/MoViNet-pytorch/c2d1edf48fc6c5259707f9d833f22171b4f63493/weights/model${name}_statedict_v3`;
