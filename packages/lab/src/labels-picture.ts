/**
 * Creates `docs/camera-motion.svg`: the meaning of each `camera-motion` label, with the first and last frame of a clip
 * and the camera's path. `node packages/lab/src/labels-picture.ts [OUT]`.
 */
import { writeFileSync } from "node:fs";
import { stroke } from "../../movinet/src/plot/palette.ts";
import { element, renderFile, text } from "../../movinet/src/plot/svg.ts";
import { type CameraMotionLabel, cameraMotionLabels } from "../../movinet/src/synth/camera.ts";

const [width, height] = [92, 69];
const panel = { width: 228, height: 128 };
const columns = 2;
const margin = 12;

/** The scene's position in the last frame. */
const last: Readonly<Record<CameraMotionLabel, string>> = {
  "pan left": "translate(26 0)",
  "pan right": "translate(-26 0)",
  "tilt up": "translate(0 20)",
  "tilt down": "translate(0 -20)",
  "zoom in": "scale(1.7)",
  "zoom out": "scale(0.6)",
  "roll clockwise": "rotate(-24)",
  "roll anticlockwise": "rotate(24)",
  shake: "translate(5 -4) rotate(3)",
  still: "",
};

/** The camera's path over the first frame, around its centre. */
const ways: Readonly<Record<CameraMotionLabel, string>> = {
  "pan left": arrow(14, 0, -30, 0),
  "pan right": arrow(-14, 0, 30, 0),
  "tilt up": arrow(0, 12, 0, -24),
  "tilt down": arrow(0, -12, 0, 24),
  "zoom in": [-1, 1].map((side) => arrow(34 * side, 25 * side, 14 * side, 10 * side)).join(""),
  "zoom out": [-1, 1].map((side) => arrow(14 * side, 10 * side, 34 * side, 25 * side)).join(""),
  "roll clockwise": turn(1),
  "roll anticlockwise": turn(-1),
  shake: '<path class="way" d="M-24 4 l8 -12 8 15 8 -17 8 16 8 -13 8 9"/>',
  still: '<circle class="way" r="3"/>',
};

function arrow(x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="way" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" marker-end="url(#head)"/>`;
}

function turn(sign: number): string {
  return `<path class="way" d="M${-22 * sign} 8 A23 23 0 0 ${sign > 0 ? 1 : 0} ${20 * sign} -8" marker-end="url(#head)"/>`;
}

function picture(x: number, transform: string, over: string): string {
  return `<g transform="translate(${x} 66)"><g clip-path="url(#frame)"><use href="#scene" transform="${transform}"/></g><rect class="frame" x="${-width / 2}" y="${-height / 2}" width="${width}" height="${height}" rx="3"/>${over}</g>`;
}

const panels = cameraMotionLabels.map((label, i) => {
  const [x, y] = [margin + (i % columns) * panel.width, margin + Math.floor(i / columns) * panel.height];
  const between = element("path", {
    fill: "none",
    ...stroke("faint"),
    d: "M108 66 h10 m-4 -4 l4 4 -4 4",
    "stroke-width": 1.5,
  });
  const name = text(label, { x: 113, y: 22, size: 17, bold: true, anchor: "middle" });
  return `<g transform="translate(${x} ${y})">${name}${picture(56, "", ways[label])}${between}${picture(170, last[label], "")}</g>`;
});

const style =
  ".frame{fill:none;stroke:#555;stroke-width:1.5}.way{fill:none;stroke:#d22;stroke-width:3;stroke-linecap:round;stroke-linejoin:round}circle.way{fill:#d22}";
const defs = `<defs>
<marker id="head" viewBox="0 0 10 10" refX="5" refY="5" markerWidth="4" markerHeight="4" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#d22"/></marker>
<clipPath id="frame"><rect x="${-width / 2}" y="${-height / 2}" width="${width}" height="${height}" rx="3"/></clipPath>
<g id="scene"><rect x="-160" y="-160" width="320" height="320" fill="#cfe6f5"/><circle cx="31" cy="-27" r="8" fill="#f5c542"/><path d="M-160 12 L-62 -22 L-24 6 L18 -12 L70 14 L160 -18 V160 H-160z" fill="#8fa9a0"/><rect x="-160" y="14" width="320" height="150" fill="#a9c77f"/><rect x="-22" y="0" width="24" height="20" fill="#b5603f"/><path d="M-26 1 L-10 -13 L6 1z" fill="#7a3b2a"/><rect x="-14" y="9" width="7" height="11" fill="#f3e2c3"/><rect x="19" y="8" width="4" height="14" fill="#6b4a2b"/><circle cx="21" cy="2" r="9" fill="#4f8a3d"/><path d="M-58 30 q8 -8 16 0z M44 32 q8 -8 16 0z M-8 44 q8 -8 16 0z" fill="#5f8f4a"/></g>
</defs>`;
const note = [
  "Red: what the camera does from its first picture on.",
  "Beside it the last picture: the scene went the other way.",
];
const [wide, high] = [
  panel.width * columns + 2 * margin,
  panel.height * Math.ceil(panels.length / columns) + 2 * margin,
];
const notes = note.map((line, i) =>
  text(line, { x: wide / 2, y: high + 6 + 22 * i, size: 16, tone: "faint", anchor: "middle" }),
);

const svg = renderFile({
  width: wide,
  height: high + 22 * note.length + margin,
  body: `<style>${style}</style>${defs}${panels.join("\n")}${notes.join("")}`,
  description: "The ten labels of camera-motion: the first picture with the camera's way in red, and the last picture",
});

writeFileSync(process.argv[2] ?? "docs/camera-motion.svg", svg);
