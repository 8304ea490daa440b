/** Failures in plain words, and colours that can be read. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { noticeOf } from "../src/failures.ts";

test.each([
  ["camera", "NotAllowedError", "The camera is blocked", "camera"],
  ["camera", "NotFoundError", "No camera found", "camera"],
  ["camera", "NotReadableError", "The camera is busy", "camera"],
  ["camera", "InsecureContext", "Cameras need a secure page", "file"],
  ["camera", "CameraLost", "The camera was disconnected", "camera"],
  ["camera", "Odd", "The camera did not start", "camera"],
  ["screen", "NotAllowedError", "Nothing is shared", "screen"],
  ["screen", "NotFoundError", "There is nothing to share", "sample"],
  ["screen", "NotReadableError", "The screen cannot be recorded", "screen"],
  ["screen", "SharingEnded", "Sharing has ended", "screen"],
  ["screen", "Odd", "Sharing did not start", "screen"],
  ["file", "Unplayable", "This video cannot be played", "file"],
  ["model", "E_MODEL_DOWNLOAD", "The model could not be downloaded", "models"],
  ["model", "E_MODEL_INTEGRITY", "The download is damaged", "models"],
  ["model", "E_DEVICE_UNAVAILABLE", "This engine did not start", undefined],
  ["model", "E_DEVICE_WRONG", "This engine computes wrong answers here", "embedded"],
  ["model", "E_DEVICE_MEMORY", "Not enough memory", "embedded"],
  ["step", "E_DEVICE_LOST", "The engine was lost", undefined],
  ["model", "WholeClips", "This model needs whole clips", "models"],
  ["model", "RangeError", "Not enough memory", "embedded"],
  ["step", "RuntimeError", "The model stopped", "models"],
  ["worker", "WorkerError", "The recognizer could not start", "reload"],
] as const)("%s, %s: %s", (during, code, title, way) => {
  const notice = noticeOf({ during, code, message: "as the browser says it" });
  expect([notice.title, notice.ways[0]]).toEqual([title, way]);
  expect(notice.text).toMatch(/\S/);
});

test("only WebAssembly itself has nothing to take its place", () => {
  const message = "wasm: this browser or runtime has no WebAssembly with SIMD. Use Chrome 91.";
  const { title } = noticeOf({ during: "model", code: "E_DEVICE_UNAVAILABLE", message });
  expect(title).toBe("WebAssembly is not available");
});

describe("contrast", () => {
  const css = readFileSync(new URL("../src/style/tokens.css", import.meta.url), "utf8");
  const colours = new Map(
    [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [
      name as string,
      { light: light as string, dark: dark as string },
    ]),
  );

  function luminance(hex: string): number {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  test.each(["light", "dark"] as const)("%s: text is at least 4.5 to 1 on whatever it stands", (theme) => {
    for (const [text, grounds] of Object.entries({
      text: ["ground", "panel", "raised", "accent-soft"],
      quiet: ["ground", "panel", "raised"],
      accent: ["ground", "panel"],
    })) {
      for (const ground of grounds) {
        const [a, b] = [text, ground].map((name) => luminance(colours.get(name)?.[theme] as string)) as [
          number,
          number,
        ];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        expect(ratio, `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });
});
