import type { Failure } from "./messages.ts";

/** What the user can do next. */
export type Way = "camera" | "screen" | "sample" | "file" | "live" | "embedded" | "models" | "reload";

/** A failure in plain words, with what to do next, best first. */
export interface Notice {
  readonly title: string;
  readonly text: string;
  readonly ways: readonly Way[];
}

const cameraNotices: Readonly<Record<string, Notice>> = {
  NotAllowedError: {
    title: "The camera is blocked",
    text: "Allow the camera for this page in the site settings next to the address, then try again.",
    ways: ["camera", "sample"],
  },
  NotFoundError: {
    title: "No camera found",
    text: "Connect a camera and try again, or open a video file.",
    ways: ["camera", "file"],
  },
  NotReadableError: {
    title: "The camera is busy",
    text: "Another program or tab is probably using it. Close it, then try again.",
    ways: ["camera", "sample"],
  },
  InsecureContext: {
    title: "Cameras need a secure page",
    text: "Browsers allow cameras only over https or on localhost. Video files work here, too.",
    ways: ["file", "sample"],
  },
  CameraLost: {
    title: "The camera was disconnected",
    text: "It was unplugged, or another program took over. Reconnect it and try again.",
    ways: ["camera", "sample"],
  },
};

const screenNotices: Readonly<Record<string, Notice>> = {
  NotAllowedError: {
    title: "Nothing is shared",
    text: "No screen, window or tab was chosen, or this page may not record them. Try again and choose one.",
    ways: ["screen", "sample"],
  },
  NotFoundError: {
    title: "There is nothing to share",
    text: "The browser found no screen, window or tab that it can record.",
    ways: ["sample", "file"],
  },
  NotReadableError: {
    title: "The screen cannot be recorded",
    text: "The operating system refused. Allow the browser to record the screen in the system's privacy settings, then try again.",
    ways: ["screen", "sample"],
  },
  SharingEnded: {
    title: "Sharing has ended",
    text: "It was stopped, or what was shared is closed. Share again to go on.",
    ways: ["screen", "sample"],
  },
};

const clipNotices: Readonly<Record<string, Notice>> = {
  NoWebCodecs: {
    title: "This browser cannot read video files",
    text: "It has no WebCodecs, which read a file faster than it plays. Update the browser, or play the video live.",
    ways: ["live", "file"],
  },
  E_DEPENDENCY_MISSING: {
    title: "A part of the page did not load",
    text: "Check the network and reload the page.",
    ways: ["file"],
  },
};

const modelNotices: Readonly<Record<string, Notice>> = {
  E_MODEL_DOWNLOAD: {
    title: "The model could not be downloaded",
    text: "Check the network and try again. The built-in model works offline.",
    ways: ["models", "embedded"],
  },
  E_MODEL_INTEGRITY: {
    title: "The download is damaged",
    text: "Its checksum does not match the published one, so it was discarded. Try again, or use another network.",
    ways: ["models", "embedded"],
  },
  E_DEVICE_WRONG: {
    title: "This engine computes wrong answers here",
    text: "Its answers for stored pictures were wrong, so it is not used. Choose another engine in the settings, or update the browser and the graphics driver.",
    ways: ["embedded"],
  },
  E_DEVICE_LOST: {
    title: "The engine was lost",
    text: "The browser took the GPU away, or a thread ended. The model is opened again on WebAssembly.",
    ways: [],
  },
  NoEngine: {
    title: "This engine did not start",
    text: "Its files did not load, or this browser does not support it. Choose another engine in the settings.",
    ways: [],
  },
  E_DEVICE_UNAVAILABLE: {
    title: "WebAssembly is not available",
    text: "Models need WebAssembly with SIMD, which this browser lacks or this page is not allowed to use. Update the browser. If this is your server, allow 'wasm-unsafe-eval' in its Content-Security-Policy.",
    ways: [],
  },
  WholeClips: {
    title: "This model needs whole clips",
    text: "The live view needs a stream model. Their names usually end in -stream.",
    ways: ["models", "embedded"],
  },
  E_MODEL_FORMAT: {
    title: "This is not a model file",
    text: "Open a stream model in .safetensors or .tflite format.",
    ways: ["models", "embedded"],
  },
  E_MODEL_LABELS: {
    title: "The labels do not match the model",
    text: "The labels file needs one label per line, and as many labels as the model has classes.",
    ways: ["models", "embedded"],
  },
};

/** Puts a failure into plain words. */
export function noticeOf({ during, code, message }: Failure): Notice {
  if (during === "camera") {
    return cameraNotices[code] ?? { title: "The camera did not start", text: message, ways: ["camera", "sample"] };
  }
  if (during === "screen") {
    return screenNotices[code] ?? { title: "Sharing did not start", text: message, ways: ["screen", "sample"] };
  }
  if (during === "file") return { title: "This video cannot be played", text: message, ways: ["file", "sample"] };
  if (during === "clip") {
    return clipNotices[code] ?? { title: "This video cannot be classified", text: message, ways: ["file", "live"] };
  }
  if (during === "worker") {
    return {
      title: "The recognizer could not start",
      text: `${message} Reload the page to try again.`,
      ways: ["reload"],
    };
  }
  if (isOutOfMemory(code, message)) {
    return {
      title: "Not enough memory",
      text: "This device does not have enough free memory for the model. Close other tabs, or use a smaller model.",
      ways: ["embedded", "models"],
    };
  }
  const isOther = code === "E_DEVICE_UNAVAILABLE" && !message.startsWith("wasm:");
  const known = modelNotices[isOther ? "NoEngine" : code];
  if (known) return known;
  const title = during === "model" ? "The model cannot be opened" : "The model stopped";
  return { title, text: message, ways: ["models", "embedded"] };
}

function isOutOfMemory(code: string, message: string): boolean {
  return (
    code === "RangeError" ||
    code === "E_DEVICE_MEMORY" ||
    /out of memory|allocation failed|could not allocate/i.test(message)
  );
}
