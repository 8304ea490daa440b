import { type Variant, type VariantName, variants } from "../../../arch/variants.ts";
import { refuse } from "./flatbuffer.ts";
import type { FoundLayer, FoundNetwork } from "./structure.ts";

/** One line per part of a network; two networks are the same variant if all lines are equal. */
type Outline = readonly { readonly part: string; readonly what: string }[];

/** The variant whose layer table matches a network. Throws a ModelError that describes the difference. */
export function identifyVariant(found: FoundNetwork, subject: string): { name: VariantName; variant: Variant } {
  const mine = outlineOf(found);
  const candidates = Object.entries(variants).map(([name, variant]) => {
    const theirs = outlineOfVariant(variant);
    const distance = Math.max(mine.length, theirs.length) - countCommon(mine, theirs);
    return { name: name as VariantName, variant, theirs, distance };
  });
  const nearest = candidates.reduce((best, other) => (other.distance < best.distance ? other : best));
  if (nearest.distance === 0) return nearest;
  const { theirs } = nearest;
  const first = theirs.findIndex(({ what }, i) => mine[i]?.what !== what);
  const length =
    mine.length === theirs.length ? "" : `it has ${found.layers.length} layers instead of ${theirs.length - 3}, and `;
  throw refuse(
    subject,
    `it is a MoViNet, but not one of A0 to A5 or T0; the closest is ${nearest.name}: ${length}${theirs[first]?.part} is ${mine[first]?.what ?? "missing"} instead of ${theirs[first]?.what}`,
  );
}

/** Length of the longest common subsequence of two outlines. */
function countCommon(a: Outline, b: Outline): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const { what } of a) {
    const next = [0];
    for (const [j, other] of b.entries()) {
      const longer = Math.max(row[j + 1] as number, next[j] as number);
      next.push(other.what === what ? (row[j] as number) + 1 : longer);
    }
    row = next;
  }
  return row[b.length] as number;
}

function outlineOf({ stem, layers, head, dense1 }: FoundNetwork): Outline {
  const described = layers.map((layer, i) => ({ part: `layer ${i + 1}`, what: describeFound(layer) }));
  return withEnds(stem.filters, described, head.filters, dense1.filters);
}

function outlineOfVariant({ stem, blocks, head, hidden }: Variant): Outline {
  let inputs = stem;
  const layers = blocks.flatMap(({ filters, stride, layers }, b) =>
    layers.map(({ expand, kernel }, l) => {
      const step = l === 0 ? stride : 1;
      const what = describe({ inputs, expand, filters, ...kernel, stride: step, skip: step > 1 || inputs !== filters });
      inputs = filters;
      return { part: `block${b}.layer${l}`, what };
    }),
  );
  return withEnds(stem, layers, head, hidden);
}

function withEnds(stem: number, layers: Outline, head: number, hidden: number): Outline {
  const wide = (part: string, channels: number) => ({ part, what: `${channels} channels wide` });
  return [wide("the stem", stem), ...layers, wide("the head", head), wide("the hidden dense layer", hidden)];
}

function describeFound({ expansion, spatial, temporal, projection, skip }: FoundLayer): string {
  return describe({
    inputs: expansion.inputs,
    expand: expansion.filters,
    filters: projection.filters,
    time: temporal?.size[0] ?? 1,
    space: spatial.size[0],
    stride: spatial.stride,
    skip: skip !== null,
  });
}

interface LayerFacts {
  readonly inputs: number;
  readonly expand: number;
  readonly filters: number;
  readonly time: number;
  readonly space: number;
  readonly stride: number;
  readonly skip: boolean;
}

function describe({ inputs, expand, filters, time, space, stride, skip }: LayerFacts): string {
  const kernel = `${time}×${space}×${space}`;
  return `${inputs} → ${expand} → ${filters} channels, kernel ${kernel}, stride ${stride}, ${skip ? "convolution" : "identity"} as skip`;
}
