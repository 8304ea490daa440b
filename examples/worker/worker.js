import { open } from "movinet";

let turn = start();
let next = 0;
let stream;
let fps = 0;

async function start() {
  const recognizer = await open("a0-stream"); // fetched once, 15 MB
  stream = await recognizer.stream({ halfLifeSeconds: 2 });
  fps = recognizer.card.fps;
  return {};
}

/** Steps the frames that come at the model's own rate, and closes all. */
async function step({ frame, time }) {
  try {
    if (time < next) return {};
    next = time + 0.9 / fps;
    const { predictions } = await stream.step(frame);
    return predictions[0];
  } finally {
    frame.close();
  }
}

async function restart() {
  next = 0;
  await stream.reset();
  return {};
}

/** Answers each message with the likeliest class, nothing, or what failed. */
function answer(work) {
  turn = turn.then(work).then(
    ({ label, score }) => postMessage({ label, score }),
    (error) => postMessage({ error: error.message }),
  );
}

answer((opened) => opened);
addEventListener("message", ({ data }) => answer(() => (data.restart ? restart() : step(data))));
