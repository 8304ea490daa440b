// The page plays, and hands each frame over; the worker owns the model, so that the page never waits for it.
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
const chooser = document.querySelector("input");
const video = document.querySelector("video");
const status = document.querySelector("p");
let isBusy = true; // until the model is open

worker.addEventListener("message", ({ data: { label, score, error } }) => {
  isBusy = error !== undefined;
  if (error !== undefined) status.textContent = error;
  else if (label !== undefined) status.textContent = `${label} (${(100 * score).toFixed(0)} %)`;
});

chooser.addEventListener("change", () => {
  video.src = URL.createObjectURL(chooser.files[0]);
  worker.postMessage({ restart: true });
  void video.play();
});

// For a camera: video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true })
video.requestVideoFrameCallback(function onFrame(_, { mediaTime }) {
  video.requestVideoFrameCallback(onFrame);
  if (isBusy) return; // a frame is skipped, not queued
  isBusy = true;
  const frame = new VideoFrame(video);
  worker.postMessage({ frame, time: mediaTime }, [frame]);
});
