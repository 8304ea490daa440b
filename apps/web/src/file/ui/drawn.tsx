import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export interface Sheet {
  readonly context: CanvasRenderingContext2D;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** A colour of the style sheet, as it is in the theme of now. */
  readonly colour: (name: string) => string;
}

interface DrawnProps {
  readonly class: string;
  /** Reads every signal that the drawing depends on. */
  readonly watch: () => void;
  readonly draw: (sheet: Sheet) => void;
}

/** A canvas that is drawn anew, once a frame at most, when something changes that it depends on. */
export function Drawn({ class: name, watch, draw }: DrawnProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current as HTMLCanvasElement;
    const context = element.getContext("2d") as CanvasRenderingContext2D;
    let frame = 0;
    const redraw = () => {
      frame = 0;
      const { clientWidth: width, clientHeight: height } = element;
      [element.width, element.height] = [width * devicePixelRatio, height * devicePixelRatio];
      context.scale(devicePixelRatio, devicePixelRatio);
      draw({ context, width, height, colour: coloursOf(element) });
    };
    const later = () => {
      frame ||= requestAnimationFrame(redraw);
    };
    const stopEffect = effect(() => {
      watch();
      later();
    });
    const sizes = new ResizeObserver(later);
    sizes.observe(element);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", later);
    return () => {
      dark.removeEventListener("change", later);
      sizes.disconnect();
      stopEffect();
      cancelAnimationFrame(frame);
    };
  }, []);
  return <canvas ref={canvas} class={name} />;
}

/** A property that is a light-dark() is resolved where it is used as a colour. */
function coloursOf(element: HTMLElement): (name: string) => string {
  const found = new Map<string, string>();
  return (name) => {
    const known = found.get(name);
    if (known !== undefined) return known;
    element.style.color = `var(${name})`;
    const { color } = getComputedStyle(element);
    element.style.removeProperty("color");
    found.set(name, color);
    return color;
  };
}
