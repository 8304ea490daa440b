import { type ColourConversion, colourConversion } from "./colour.ts";
import type { PlaneColours } from "./stored-picture.ts";

/** Makes one row of RGB bytes from one row of each plane. */
export type Convert = (
  first: Float32Array,
  second: Float32Array,
  third: Float32Array,
  rgb: Uint8Array | Uint16Array,
) => void;

function rgbOf({ matrix, full, bits }: PlaneColours): Convert {
  const scale = 2 ** (bits - 8);
  const black = full ? 0 : 16 * scale;
  const most = full ? 2 ** bits - 1 : 219 * scale;
  return (first, second, third, rgb) => {
    const white = rgb instanceof Uint16Array ? 65535 : 255;
    const luma = white / most;
    const clamped = (value: number) => (value < 0 ? 0 : value > white ? white : value + 0.5) | 0;
    if (matrix === null) {
      for (let x = 0, to = 0; x < first.length; x++, to += 3) {
        rgb[to] = clamped(((first[x] as number) - black) * luma);
        rgb[to + 1] = clamped(((second[x] as number) - black) * luma);
        rgb[to + 2] = clamped(((third[x] as number) - black) * luma);
      }
      return;
    }
    const { red, blue } = matrix;
    const green = 1 - red - blue;
    const middle = 2 ** (bits - 1);
    const chroma = white / (full ? most : 224 * scale);
    const [redOfRed, blueOfBlue] = [2 * (1 - red) * chroma, 2 * (1 - blue) * chroma];
    const [greenOfRed, greenOfBlue] = [(-red * redOfRed) / green, (-blue * blueOfBlue) / green];
    for (let x = 0, to = 0; x < first.length; x++, to += 3) {
      const y = ((first[x] as number) - black) * luma;
      const u = (second[x] as number) - middle;
      const v = (third[x] as number) - middle;
      rgb[to] = clamped(y + redOfRed * v);
      rgb[to + 1] = clamped(y + greenOfRed * v + greenOfBlue * u);
      rgb[to + 2] = clamped(y + blueOfBlue * u);
    }
  };
}

/** With the conversion of wide or HDR colours to SDR in between. */
function converted(toRgb: Convert, conversion: ColourConversion, width: number): Convert {
  const deep = new Uint16Array(3 * width);
  const components = [0, 1, 2].map(() => new Uint16Array(width)) as [Uint16Array, Uint16Array, Uint16Array];
  const [red, green, blue] = components.map(({ buffer }) => new Uint8Array(buffer)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return (first, second, third, rgb) => {
    toRgb(first, second, third, deep);
    for (let i = 0; i < deep.length; i++) (components[i % 3] as Uint16Array)[(i / 3) | 0] = deep[i] as number;
    rgb.set(conversion({ red, green, blue, stride: 2 * width, width, height: 1 }));
  };
}

/** Makes rows of `width` pixels RGB, wide and HDR colours by way of SDR. */
export function converterFor(colours: PlaneColours, width: number): Convert {
  const conversion = colourConversion({ ...colours, white: 65535 });
  return conversion === null ? rgbOf(colours) : converted(rgbOf(colours), conversion, width);
}
