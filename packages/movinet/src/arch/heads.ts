import type { Head } from "./builder.ts";

/** Two dense layers: scores of the classes, `[1, classes, 1, 1]`. */
const logits: Head = (net, { pooled }) => {
  const { hidden, classes, classifierActivation } = net.spec;
  const dense = (name: string, x: string, filters: number) => {
    net.enter(name);
    return net.conv(name, x, { size: 1, stride: 1, filters, bias: true });
  };
  const x = net.activation("classifier1.activation", dense("classifier1", pooled, hidden), classifierActivation);
  return dense("classifier2", x, classes);
};

/** The outputs of a network, one per row; the first is the main one. */
const heads: Readonly<Record<string, Head>> = { logits };

export const headNames: readonly string[] = Object.keys(heads);

/** The head of an output. Throws `TypeError` for an unknown one. */
export function headOf(name: string): Head {
  const head = Object.hasOwn(heads, name) ? heads[name] : undefined;
  if (!head) throw new TypeError(`unknown output "${name}": use ${headNames.join(", ")}`);
  return head;
}
