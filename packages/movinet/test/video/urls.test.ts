/** A URL is asked at its own host and nowhere else; what is secret in it is not shown. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MovinetError } from "../../src/common/errors.ts";
import { isUrl, schemeOf, shownSource } from "../../src/common/urls.ts";
import { expandSources } from "../../src/video/sources.node.ts";
import { openVideo } from "../../src/video/video.node.ts";
import { told } from "../told.ts";
import { makeVideo } from "./make-video.ts";

let folder: string;
let clip: string;
let bytes: Buffer;
const servers: Server[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-urls-"));
  clip = join(folder, "clip.mp4");
  makeVideo(clip, { count: 20 });
  bytes = await readFile(clip);
});
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await rm(folder, { recursive: true });
});

async function count(source: string): Promise<number> {
  let frames = 0;
  for await (const _ of openVideo(source, { fps: 5, timeoutMs: 20_000 })) frames++;
  return frames;
}

type Answers = Readonly<Record<string, (response: ServerResponse, request: IncomingMessage) => void>>;

/** A server that keeps what it was asked; other paths than those of `answers` give the clip. */
async function serve(answers: Answers = {}): Promise<{ host: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = request.url ?? "";
    asked.push(url);
    const answer = answers[url.split("?")[0] ?? ""];
    if (answer) return answer(response, request);
    const begin = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const range = `bytes ${begin}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(206, { "accept-ranges": "bytes", "content-range": range }).end(bytes.subarray(begin));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const redirect = (location: string) => (response: ServerResponse) => void response.writeHead(302, { location }).end();

test("the scheme may be in capitals, a path needs no escapes, and what stands after # is not sent", async () => {
  const { host, asked } = await serve();
  expect(await count(`HTTP://${host}/a clip é.mp4#t=3`)).toBe(4);
  expect(new Set(asked)).toEqual(new Set(["/a%20clip%20%C3%A9.mp4"]));
});

test("a file URL is the file", async () => {
  const file = join(folder, "a clip #1.mp4");
  await writeFile(file, bytes);
  expect(await count(pathToFileURL(file).href)).toBe(4);
  expect(await count(pathToFileURL(file).href.replace("file:", "FILE:"))).toBe(4);
  expect(() => openVideo("file://elsewhere/clip.mp4", { fps: 5 })).toThrow(told("E_VIDEO_URL", /invalid URL/));
});

test.each([
  "rtsp://user:secret@camera/live",
  "ftp://host/clip.mp4",
  "concat://a",
  "data://x",
  "http://",
  "https://a b/",
])("%s is named as a URL that is not read", async (source) => {
  expect(await expandSources([source])).toEqual({ sources: [source], leftOut: [], failures: [] });
  expect(() => openVideo(source, { fps: 5 })).toThrow(
    expect.objectContaining({ code: "E_VIDEO_URL", message: expect.not.stringContaining("secret") }),
  );
});

describe("no other host is asked", () => {
  test("redirects", async () => {
    const other = await serve();
    const { host, asked } = await serve({
      "/here": redirect("/clip.mp4?sig=a%2Fb"),
      "/there": redirect(`http://${other.host}/clip.mp4`),
      "/file": redirect(pathToFileURL(clip).href),
      "/hop": redirect("/there"),
      "/loop": redirect("/loop"),
    });
    expect(await count(`http://${host}/here`)).toBe(4);
    expect(asked).toContain("/clip.mp4?sig=a%2Fb");
    for (const path of ["there", "file", "hop"]) {
      await expect(count(`http://${host}/${path}`)).rejects.toMatchObject({
        code: "E_VIDEO_NETWORK",
        problem: expect.stringMatching(/redirects to another host/),
      });
    }
    asked.length = 0;
    await expect(count(`http://${host}/loop`)).rejects.toMatchObject({ code: "E_VIDEO_NETWORK" });
    expect(asked.length).toBeLessThan(10);
    expect(other.asked).toEqual([]);
  });

  test("playlists: of other hosts, of themselves, of files", async () => {
    const other = await serve();
    const hls = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://${other.host}/a.ts\n#EXTINF:1,\n/hls.m3u8\n`;
    const key = `#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="http://${other.host}/key"\n#EXTINF:1,\n/clip.mp4\n`;
    const adaptation = '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">';
    const base = `<BaseURL>http://${other.host}/clip.mp4</BaseURL></Representation></AdaptationSet>`;
    const dash = `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period>${adaptation}${base}</Period></MPD>`;
    const contents = {
      "/hls.m3u8": hls,
      "/key.m3u8": key,
      "/list.mpd": dash,
      "/called.mp4": hls,
      "/list.ffconcat": `ffconcat version 1.0\nfile '${clip}'\n`,
      "/live.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    };
    const answers = Object.entries(contents).map(([path, content]) => [
      path,
      (r: ServerResponse) => void r.end(content),
    ]);
    const { host, asked } = await serve(Object.fromEntries(answers));
    for (const path of Object.keys(contents)) {
      await expect(count(`http://${host}${path}`)).rejects.toMatchObject({ code: "E_VIDEO_PLAYLIST" });
    }
    expect(asked.length).toBeLessThan(4 * answers.length);
    expect(other.asked).toEqual([]);
  });
});

describe("what a server may do", () => {
  test("nothing comes", async () => {
    const { host } = await serve({ "/empty": (response) => void response.end() });
    await expect(count(`http://${host}/empty`)).rejects.toMatchObject({
      code: "E_VIDEO_NETWORK",
      problem: "cannot read this URL (empty response)",
    });
  });

  test("it gives no parts: an MP4 is read whose index comes first, else that is said", async () => {
    const first = join(folder, "first.mp4");
    makeVideo(first, { count: 20, muxerOptions: { movflags: "faststart" } });
    // More between the pictures and the index than FFmpeg keeps of what it has read.
    const free = Buffer.alloc(2 << 20);
    free.writeUInt32BE(free.length);
    free.write("free", 4);
    const index = bytes.indexOf("moov") - 4;
    const last = Buffer.concat([bytes.subarray(0, index), free, bytes.subarray(index)]);
    const whole = await readFile(first);
    const { host } = await serve({
      "/last.mp4": (response) => void response.end(last),
      "/first.mp4": (response) => void response.end(whole),
    });
    expect(await count(`http://${host}/first.mp4`)).toBe(4);
    await expect(count(`http://${host}/last.mp4`)).rejects.toMatchObject({
      code: "E_VIDEO_NETWORK",
      problem: expect.stringMatching(/its index is at the end of the file/),
    });
  });
});

describe("secrets", () => {
  test("a user and a password are sent, also after a redirect on the same host, and not shown", async () => {
    const wanted = `Basic ${Buffer.from("user:p@ss").toString("base64")}`;
    const { host } = await serve({
      "/private": (response, { headers }) =>
        void (
          headers.authorization === wanted
            ? response.writeHead(302, { location: "/clip.mp4" })
            : response.writeHead(401, { "www-authenticate": 'Basic realm="x"' })
        ).end(),
    });
    expect(await count(`http://user:p@ss@${host}/private`)).toBe(4);
    await expect(count(`http://user:wrong@${host}/private?token=hidden`)).rejects.toMatchObject({
      code: "E_VIDEO_NETWORK",
      subject: `http://***@${host}/private?token=***`,
      message: expect.not.stringMatching(/wrong|hidden/),
    });
  });

  test.each([
    ["https://user:pa@ss@host/a.mp4", "https://***@host/a.mp4"],
    ["https://key@host:8080/a.mp4?x=1", "https://***@host:8080/a.mp4?x=1"],
    ["HTTP://u:p@host", "HTTP://***@host"],
    ["https://u:a/b#c@host/x", "https://***@host/x"],
    ["https://host/@someone/a.mp4", "https://host/@someone/a.mp4"],
    [
      "https://host/a.mp4?X-Amz-Signature=ab12&X-Amz-Expires=9",
      "https://host/a.mp4?X-Amz-Signature=***&X-Amz-Expires=9",
    ],
    ["https://host/a?access_token=1&api_key=2&sig=3&t=4", "https://host/a?access_token=***&api_key=***&sig=***&t=4"],
    ["cannot open http://u:p@host/a and rtsp://v:q@host", "cannot open http://***@host/a and rtsp://***@host"],
    ["https://u:p w@host/a.mp4", "https://***@host/a.mp4"],
    ["http:/u:p@host/a.mp4", "http:/***@host/a.mp4"],
    ["http:u:p@host/a.mp4", "http:***@host/a.mp4"],
    ["http:\\\\u:p@host\\a.mp4", "http:\\\\***@host\\a.mp4"],
    ["//u:p@host/a.mp4", "//***@host/a.mp4"],
    ["blob:http://u:p@host/a.mp4", "blob:http://***@host/a.mp4"],
    ["https://host/a.mp4#token=1", "https://host/a.mp4#token=***"],
    ["https://host/a.mp4;jsessionid=1?x=2", "https://host/a.mp4;jsessionid=***"],
    ["srt://host:1?passphrase=1", "srt://host:1?passphrase=***"],
    ["//server/share@home/a.mp4", "//server/share@home/a.mp4"],
    ["a@b:c.mp4", "a@b:c.mp4"],
    ["talk:bob@work.mp4", "talk:bob@work.mp4"],
    ["C:\\clips\\a.mp4", "C:\\clips\\a.mp4"],
    ["clips/token=1.mp4", "clips/token=1.mp4"],
  ])("%s is shown as %s", (source, shown) => {
    expect(shownSource(source)).toBe(shown);
  });
});

test("errors of any kind show no password, whatever was taken for a URL", () => {
  const details = { code: "E_X", subject: "http://u:hidden@h/m.tflite", problem: "no ftp://u:hidden@h", remedy: "Do" };
  const error = new MovinetError(details);
  expect(`${error.message} ${error.subject} ${error.problem}`).toBe(
    "http://***@h/m.tflite: no ftp://***@h. Do. http://***@h/m.tflite no ftp://***@h",
  );
});

// Minutes, if the search for secrets went back at every letter.
test.each(["a.", "http:", "?a-", "a://", "//:"])("a hostile text takes no time, and stays as it is: %s", (text) => {
  const long = text.repeat(200_000);
  expect(shownSource(long) === long).toBe(true);
});

test("what is a URL", () => {
  expect(["http://a", "HTTPS://a", "http:a", "a/http://b", "file:///a"].map(isUrl)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(["RTSP://a", "c://a", "a.mp4", "file:///a", "concat:a|b"].map(schemeOf)).toEqual([
    "rtsp",
    null,
    null,
    "file",
    null,
  ]);
});
