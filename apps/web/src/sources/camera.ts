import { cameras } from "../state.ts";

/** Asks for a camera. Throws the browser's `DOMException`, or one named `InsecureContext` on pages without https. */
export async function openCamera(id: string | null): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined) throw new DOMException("the page is not secure", "InsecureContext");
  // Models see at most 320 pixels a side, and every pixel more costs time.
  const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30, max: 60 } };
  const chosen: MediaTrackConstraints = id === null ? { facingMode: "environment" } : { deviceId: { exact: id } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { ...wanted, ...chosen }, audio: false });
  } catch (error) {
    // The chosen camera is gone: take any other.
    if (!(error instanceof DOMException && error.name === "OverconstrainedError" && id !== null)) throw error;
    return navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  }
}

/** Phones share no screens. */
export const canShare = typeof navigator.mediaDevices?.getDisplayMedia === "function";

/** Lets the user choose a screen, window or tab. Throws the browser's `DOMException`. */
export function openScreen(): Promise<MediaStream> {
  const wanted = { width: { max: 1280 }, height: { max: 720 }, frameRate: { ideal: 30, max: 60 } };
  return navigator.mediaDevices.getDisplayMedia({ video: wanted, audio: false });
}

/** Lists the cameras. They have names once the user has allowed one. */
export async function listCameras(): Promise<void> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  cameras.value = devices
    .filter(({ kind, deviceId }) => kind === "videoinput" && deviceId !== "")
    .map(({ deviceId, label }, i) => ({ id: deviceId, name: label || `Camera ${i + 1}` }));
}
