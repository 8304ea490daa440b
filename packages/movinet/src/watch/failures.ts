import { bounded, printable } from "../common/printable.ts";
import { shownSource } from "../common/urls.ts";
import type { CameraFailure } from "./camera-protocol.ts";

const said = (detail: string) => detail;

const meanings: Readonly<Record<CameraFailure, (detail: string) => string>> = {
  refused: () => "nothing answers at this address",
  unauthorized: () => "the camera refuses this user name and password",
  notFound: () => "the camera has no such stream",
  timeout: said,
  network: (detail) => `the connection failed (${detail})`,
  noVideo: said,
  unreadable: (detail) => `FFmpeg cannot read this as a video (${detail})`,
  noCamera: said,
  noFile: () => "no such file",
  ended: said,
};

/** What is wrong, without a final period and without secrets. */
export function failureText(failure: CameraFailure, detail: string): string {
  return printable(bounded(shownSource(meanings[failure](detail)).replace(/\s+/g, " "), 300));
}
