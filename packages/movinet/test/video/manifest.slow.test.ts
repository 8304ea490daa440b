/** What each clip of the manifest must give, with the official Kinetics-600 model. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { classifyFrames } from "../../src/flow/classify.ts";
import { topK } from "../../src/flow/predict.ts";
import { Program } from "../../src/session/program.ts";
import { openVideo } from "../../src/video/video.node.ts";
import { openModel } from "../../src/zoo/lookup.node.ts";
import { type ClipFacts, hasShared, officialModel, readManifest, sharedFolder, sharedReason } from "../shared.ts";

const clips = hasShared ? readManifest() : [];
const ranks = new Map<ClipFacts, number>();

describe.skipIf(!hasShared)(`the clips of the manifest${sharedReason}`, () => {
  let program: Program;
  beforeAll(async () => {
    program = await Program.compile(await openModel(officialModel), await nodeEngine());
  });
  afterAll(() => program[Symbol.asyncDispose]());

  test.each(clips.map((clip) => [clip.file, clip.expect, clip] as const))(
    "%s gives: %s",
    async (file, expected, clip) => {
      const { card } = program.model;
      const video = openVideo(`${sharedFolder}/videos/${file}`, { fps: card.fps, size: card.input });
      const run = async () => {
        let scores = new Float32Array() as Float32Array;
        for await (const result of classifyFrames(video, program)) scores = result.scores;
        return topK(scores, card.labels, 5).findIndex(({ label }) => label === clip.k600_label);
      };
      if (expected === "error") {
        await expect(run()).rejects.toMatchObject({ code: expect.stringMatching(/^E_VIDEO_/) });
        return;
      }
      ranks.set(clip, await run());
      expect(video.frames).toBeGreaterThan(0);
      if (expected.includes("warn")) expect(video.warnings).not.toEqual([]);
      else if (!/broken|corrupted/.test(file)) expect(video.warnings).toEqual([]);
    },
  );

  test("the names are right as often as they must be", () => {
    const inGroup = (group: string) => [...ranks].filter(([clip]) => clip.group === group);
    const k600 = inGroup("k600").map(([, rank]) => rank);
    expect(k600.filter((rank) => rank === 0).length).toBeGreaterThanOrEqual(20);
    expect(k600.filter((rank) => rank >= 0).length).toBeGreaterThanOrEqual(24);
    const named = inGroup("derived").filter(([clip]) => clip.expect.startsWith("top1"));
    expect(named.length - named.filter(([, rank]) => rank === 0).length).toBeLessThanOrEqual(2);
  });
});
