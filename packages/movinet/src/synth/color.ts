import type { Random } from "../common/random.ts";

/** Red, green and blue in 0..255. */
export type Color = readonly [number, number, number];

/** Hues of most of the world: skin, wood, earth, leaves, water, sky; the rest of the circle is rarer. */
const naturalHues = [0.03, 0.06, 0.09, 0.12, 0.22, 0.3, 0.36, 0.53, 0.58, 0.62] as const;

/** Colours that go together: a few hues, mostly pale, from dark to light. */
export interface Palette {
  color(): Color;
  /** 256 colours from the palette's dark to its light end, `[256, 3]`. */
  ramp(): Uint8ClampedArray;
}

export function drawPalette(random: Random): Palette {
  const natural = random.chance(0.7);
  const hues = Array.from({ length: 1 + random.below(3) }, () => (natural ? random.pick(naturalHues) : random.next()));
  const vivid = random.chance(0.2) ? random.between(0.4, 0.95) : random.between(0, 0.45);
  const dark = random.between(0, 0.35);
  const light = random.between(0.6, 1);
  const at = (lightness: number): Color => {
    const hue = random.pick(hues) + 0.04 * random.normal();
    return fromHsv(hue, Math.min(1, vivid * random.between(0.3, 1.2)), dark + (light - dark) * lightness);
  };
  return {
    color: () => at(random.next()),
    ramp() {
      const count = 2 + random.below(4);
      const rising = random.chance(0.6);
      const stops = Array.from({ length: count }, (_, i) =>
        at(rising ? (i + 0.6 * random.next()) / (count - 0.4) : random.next()),
      );
      const table = new Uint8ClampedArray(256 * 3);
      for (let i = 0; i < 256; i++) {
        const place = (i / 255) * (count - 1);
        const stop = Math.min(Math.floor(place), count - 2);
        for (let channel = 0; channel < 3; channel++) {
          const from = stops[stop]![channel]!;
          table[3 * i + channel] = from + (place - stop) * (stops[stop + 1]![channel]! - from);
        }
      }
      return table;
    },
  };
}

function fromHsv(hue: number, saturation: number, value: number): Color {
  const channel = (shift: number) => {
    const place = (((hue * 6 + shift) % 6) + 6) % 6;
    return 255 * value * (1 - saturation * Math.max(0, Math.min(place, 4 - place, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}
