import type { TopLevelSpec } from "vega-lite";
import { importPeer } from "../common/errors.ts";

/**
 * Draws a Vega-Lite specification as SVG that shrinks with the page and tells `description` to screen readers. Throws a
 * `DependencyError` when vega or vega-lite is not installed.
 */
export async function renderSvg(spec: Record<string, unknown>, description: string): Promise<string> {
  const vega = await importPeer("vega", () => import("vega"));
  const vegaLite = await importPeer("vega-lite", () => import("vega-lite"));
  const compiled = vegaLite.compile(spec as unknown as TopLevelSpec);
  const view = new vega.View(vega.parse(compiled.spec), { renderer: "none" });
  const svg = makeAccessible(await view.toSVG(), description);
  view.finalize();
  return svg;
}

function makeAccessible(svg: string, description: string): string {
  const label = description.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return svg.replace("<svg ", () => `<svg role="img" aria-label="${label}" style="max-width:100%;height:auto" `);
}
