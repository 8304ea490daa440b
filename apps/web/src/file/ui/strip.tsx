import { aspect, duration, phase, reached, recording } from "../state.ts";
import { Drawn, type Sheet } from "./drawn.tsx";

/** Pictures of the clip, evenly spread over it. They appear as the classification reaches them. */
export function Strip() {
  return (
    <Drawn
      class="strip"
      watch={() => {
        void [recording.value, reached.value, phase.value, duration.value, aspect.value];
      }}
      draw={drawStrip}
    />
  );
}

function drawStrip({ context, width, height }: Sheet): void {
  const whole = duration.value;
  if (whole === 0 || width === 0) return;
  const count = Math.max(1, Math.round(width / (height * aspect.value)));
  const room = width / count;
  // What has not been read stays empty.
  const within = phase.value === "done" ? whole : Math.max(whole / count, whole / 40);
  context.imageSmoothingQuality = "high";
  for (let i = 0; i < count; i++) {
    const time = ((i + 0.5) / count) * whole;
    const tile = recording.value.tileAt(time, within);
    if (tile === null) continue;
    const { picture } = tile;
    // Fills its room, cut at the sides where that is narrower.
    const shown = Math.min(1, room / (height * aspect.value)) * picture.width;
    const high = Math.min(1, (height * aspect.value) / room) * picture.height;
    const [x, y] = [(picture.width - shown) / 2, (picture.height - high) / 2];
    context.drawImage(picture, x, y, shown, high, i * room, 0, room - 1, height);
  }
}
