/** Zooming in the curve: by wheel, two fingers, dragging and keys. */
import { movedView, type View, wholeView, zoomedView } from "../logic/zoom.ts";
import { history, view } from "../state.ts";

/** Pixels beside the plot, for its axes. */
export const besides = { left: 46, right: 16 } as const;

const now = () => history.now ?? 0;

/** Zooms by a factor. What follows the newest moment goes on following it. */
export function magnify(factor: number): void {
  view.value = zoomedView(view.value, now(), factor, view.value.end === null ? 1 : 0.5);
}

export function showAll(): void {
  view.value = wholeView;
}

const keys: Readonly<Record<string, () => void>> = {
  "+": () => magnify(2),
  "=": () => magnify(2),
  "-": () => magnify(0.5),
  "0": showAll,
  ArrowLeft: () => move(-0.25 * view.value.span),
  ArrowRight: () => move(0.25 * view.value.span),
};

export function onKey(event: KeyboardEvent): void {
  const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
}

function move(seconds: number): void {
  view.value = movedView(view.value, now(), seconds);
}

/**
 * Follows wheel and fingers on the element until the returned function is called. The wheel alone scrolls the page: it zooms with Ctrl,
 * as touchpads send a pinch, or once the curve has been clicked.
 */
export function followGestures(box: HTMLElement): () => void {
  const ended = new AbortController();
  const on = <Type extends keyof HTMLElementEventMap>(
    type: Type,
    listener: (event: HTMLElementEventMap[Type]) => void,
  ) => box.addEventListener(type, listener, { signal: ended.signal, passive: false });
  const width = () => Math.max(1, box.clientWidth - besides.left - besides.right);
  const shareOf = (x: number) =>
    Math.min(1, Math.max(0, (x - box.getBoundingClientRect().left - besides.left) / width()));
  /** Fingers on it, and where they are. */
  const fingers = new Map<number, number>();
  /** When the gesture began: the view, and where the fingers were. */
  let from: { readonly view: View; readonly places: readonly number[] } = { view: wholeView, places: [] };
  const begin = () => {
    from = { view: view.value, places: [...fingers.values()] };
  };

  on("wheel", (event) => {
    if (!event.ctrlKey && !box.parentElement?.matches(":focus")) return;
    event.preventDefault();
    view.value = zoomedView(view.value, now(), 2 ** (-event.deltaY / 200), shareOf(event.clientX));
  });
  on("pointerdown", (event) => {
    box.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event.clientX);
    begin();
  });
  on("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, event.clientX);
    const [a = 0, b] = fingers.values();
    const [a0 = 0, b0] = from.places;
    if (b === undefined || b0 === undefined) {
      if (a !== a0) view.value = movedView(from.view, now(), ((a0 - a) / width()) * from.view.span);
    } else {
      const factor = Math.max(20, Math.abs(b - a)) / Math.max(20, Math.abs(b0 - a0));
      view.value = zoomedView(from.view, now(), factor, shareOf((a0 + b0) / 2));
    }
  });
  const lift = (event: PointerEvent) => {
    fingers.delete(event.pointerId);
    begin();
  };
  on("pointerup", lift);
  on("pointercancel", lift);
  return () => ended.abort();
}
