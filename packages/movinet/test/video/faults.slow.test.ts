/** What goes wrong around a video while it is read: each fault is one error that names the source, or is survived. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openVideo } from "../../src/video/video.node.ts";
import { carvingIce, hasShared, sharedFolder, sharedReason } from "../shared.ts";

const options = { fps: 5, size: { width: 32, height: 32, fit: "squash" } as const };
const long = `${sharedFolder}/videos/derived/soccer_long_60s_5fps.mp4`;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-faults-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function count(source: string, more: { timeoutMs?: number } = {}): Promise<number> {
  let frames = 0;
  for await (const _ of openVideo(source, { ...options, ...more })) frames++;
  return frames;
}

async function serving(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/clip.mp4`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe.skipIf(!hasShared)(`faults${sharedReason}`, () => {
  test("a decoding process that is killed", async () => {
    const reading = (async () => {
      for await (const frame of openVideo(long, {
        ...options,
        fps: 25,
        size: { ...options.size, width: 640, height: 640 },
      })) {
        if (frame.timestamp === 0) execFileSync("pkill", ["-KILL", "-P", String(process.pid), "-f", "decoder-child"]);
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: "E_VIDEO_DECODER", subject: long });
  });

  test("a file that is removed while it is read, and one that is gone before", async () => {
    const file = join(folder, "gone.mp4");
    await copyFile(carvingIce, file);
    let frames = 0;
    for await (const _ of openVideo(file, options)) {
      if (frames++ === 0) await rm(file);
    }
    expect(frames).toBe(22);
    await expect(count(file)).rejects.toMatchObject({ code: "E_VIDEO_NOT_FOUND", subject: file });
  });

  const bytes = hasShared ? readFileSync(carvingIce) : Buffer.alloc(0);

  test("a server that drips", async () => {
    await serving(
      async (_, response) => {
        response.writeHead(200, { "content-length": bytes.length });
        for (let at = 0; at < bytes.length; at += 20_000) {
          response.write(bytes.subarray(at, at + 20_000));
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        response.end();
      },
      // The index of this file stands at its end: without ranges it cannot be read, but it must say so in time.
      (url) =>
        count(url, { timeoutMs: 9000 }).then(
          (frames) => expect(frames).toBe(22),
          (error) => expect(error).toMatchObject({ subject: url, code: expect.stringMatching(/^E_VIDEO_/) }),
        ),
    );
  });

  test.each([
    ["drops the connection in the middle", (half: Buffer) => half.length * 2],
    ["announces more than it sends", (half: Buffer) => half.length + 5],
  ])("a server that %s", async (_, announced) => {
    const half = bytes.subarray(0, bytes.length / 2);
    await serving(
      (_request, response) => {
        response.writeHead(200, { "content-length": announced(half) });
        response.write(half, () => response.destroy());
      },
      (url) => expect(count(url, { timeoutMs: 9000 })).rejects.toMatchObject({ subject: url }),
    );
  });

  test.each([
    ["500", (response: Parameters<RequestListener>[1]) => response.writeHead(500).end("no")],
    ["a web page", (response: Parameters<RequestListener>[1]) => response.end("<html>sign in</html>")],
    [
      "a redirect to itself",
      (response: Parameters<RequestListener>[1]) => response.writeHead(302, { location: "/clip.mp4" }).end(),
    ],
  ])("a server that answers %s", async (_, answer) => {
    await serving(
      (_request, response) => void answer(response),
      (url) => expect(count(url, { timeoutMs: 9000 })).rejects.toMatchObject({ code: "E_VIDEO_NETWORK", subject: url }),
    );
  });

  test("nothing listens", async () => {
    const url = "http://127.0.0.1:9/clip.mp4";
    await expect(count(url, { timeoutMs: 9000 })).rejects.toMatchObject({ code: "E_VIDEO_NETWORK", subject: url });
  });
});
