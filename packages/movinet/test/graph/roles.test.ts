import { describe, expect, test } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { specOf, stagesOf } from "../../src/arch/spec.ts";
import { lowerForInference, usedParams } from "../../src/graph/passes.ts";

const cases = [
  ["a3-stream", {}],
  ["t0-stream", { convType: "3d", squeezeExcite: "2d" }],
  ["a0-stream", { squeezeExcite: "none" }],
] as const;

/** What canonical names end in. */
const endings = { rezero: "factor", posenc: "encoding" } as const;

describe.each(cases)("%s %o", (name, options) => {
  const spec = specOf(name, { ...options, resolution: { height: 32, width: 32 } });
  const graph = buildGraph(spec, { form: "step", frames: 1 });
  const owners = stagesOf(spec).flat();

  test("every parameter has the role and the owner that its canonical name tells", () => {
    for (const [param, { role, owner }] of Object.entries(graph.params)) {
      const ending = param.split(".").at(-1) as string;
      expect(role).toBe(endings[ending as keyof typeof endings] ?? ending);
      expect(owners.filter((one) => param.startsWith(`${one}.`))).toEqual([owner]);
    }
  });

  test("every state has the owner that its name tells, and a count has something to count for", () => {
    const made = new Map(graph.nodes.map((node) => [node.id, node.op]));
    for (const state of graph.states) {
      expect(
        owners.filter(
          (one) =>
            state.name.startsWith(`state_${one.replace(".", "_")}_p`) ||
            state.name === `state_${one.replace(".", "_")}_stream_buffer`,
        ),
      ).toEqual([state.owner]);
      if (state.kind !== "count") continue;
      expect(made.get(state.of)).toBe(state.name.includes("pos_enc") ? "positionalEncoding" : "cumulativeSum");
    }
  });

  test("what passes derive is a kernel or a bias of the same layer", () => {
    const { params } = lowerForInference(graph);
    for (const param of usedParams(lowerForInference(graph))) {
      const [source = ""] = param.split("|");
      const { role, owner } = params[param] as (typeof params)[string];
      expect(owner).toBe(params[source]?.owner);
      expect(role).toBe(
        /encoding|factor/.test(role) ? params[source]?.role : source.endsWith("kernel") ? "kernel" : "bias",
      );
    }
  });
});
