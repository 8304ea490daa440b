/** Computes in the background, so that a server's event loop stays responsive: `node background.ts model.tflite`. */
import { open } from "movinet";

let ticks = 0;
const clock = setInterval(() => ticks++, 1);
await using recognizer = await open(process.argv[2], { background: true, threads: 1 });
const stream = await recognizer.stream();
const picture = { data: new Uint8Array(3 * 160 * 120).fill(128), width: 160, height: 120 };
for (let frame = 0; frame < 10; frame++) await stream.step(picture);
console.log(`10 frames, and the event loop kept running: ${ticks > 0}`);
clearInterval(clock);
