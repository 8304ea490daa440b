import { open } from "movinet";

const chooser = document.querySelector("input");
const video = document.querySelector("video");
const status = document.querySelector("p");
const recognizer = open("a0-stream"); // fetched once, 15 MB

chooser.addEventListener("change", async () => {
  status.textContent = "Loading …";
  video.src = URL.createObjectURL(chooser.files[0]);
  for await (const { time, predictions } of (await recognizer).classify(video)) {
    const [{ label, score }] = predictions;
    status.textContent = `${time.toFixed(1)} s: ${label} (${(100 * score).toFixed(0)} %)`;
  }
  status.textContent += ", finished";
});
