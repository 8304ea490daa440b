/**
 * The models of TensorFlow Hub (Kaggle): their variables have positions in two lists instead of names (spec §4.1). One
 * has the trained variables, layer by layer; the other all variables, each layer's statistics after its trained ones.
 */
import { buildGraph } from "../../../arch/build.ts";
import { specNames, specOf } from "../../../arch/spec.ts";
import type { Param, ParamRole } from "../../../graph/ir.ts";
import type { Shapes } from "../../../model/check-weights.ts";
import type { Origin } from "../infer.ts";

export const hub: Origin = {
  title: "the TensorFlow Hub models",
  untold({ mode }) {
    const { activation, classifierActivation } = specOf(`a0-${mode}`);
    return { activation, classifierActivation, gate: mode === "stream" ? "hard_sigmoid_a" : "sigmoid" };
  },
};

type Params = Readonly<Record<string, Param>>;

/** The parts of a layer in list order. */
const partOrder = [
  "expansion",
  "feature",
  "temporal",
  "projection",
  "se_reduce",
  "se_expand",
  "posenc",
  "skip",
  "rezero",
];

/** Our names, layer by layer, in list order. */
function layersInOrder(params: Params): readonly { readonly trained: string[]; readonly statistics: string[] }[] {
  const names = Object.keys(params);
  const owners = [...new Set(names.map((name) => params[name]?.owner ?? ""))];
  return owners.map((owner) => {
    const rank = (name: string) => partOrder.indexOf(name.slice(owner.length + 1).split(".")[0] ?? "");
    const own = names.filter((name) => params[name]?.owner === owner).sort((a, b) => rank(a) - rank(b));
    const ofNorm = (name: string) => isStatistic(params[name]?.role);
    return { trained: own.filter((name) => !ofNorm(name)), statistics: own.filter(ofNorm) };
  });
}

/** Whether it is measured, not trained. */
function isStatistic(role: ParamRole | undefined): boolean {
  return role === "mean" || role === "variance";
}

/** The keys of our parameters in a hub model. */
export function hubKeys(params: Params): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  let [trained, all] = [0, 0];
  for (const layer of layersInOrder(params)) {
    for (const name of layer.trained) keys.set(name, `trainable_variables/${trained++}`);
    all += layer.trained.length;
    for (const name of layer.statistics) keys.set(name, `variables/${all++}`);
  }
  return keys;
}

/** Whether variables have list positions as names. */
export function areListed(variables: Shapes): boolean {
  const keys = [...variables.keys()];
  return keys.length > 0 && keys.every((key) => /^(trainable_)?variables\/\d+$/.test(key));
}

/**
 * The keys of a family network by our names, from the keys and shapes of a file's variables; null if no family network
 * has such variables.
 */
export function namesOfHub(variables: Shapes): ReadonlyMap<string, string> | null {
  const listed = (list: string) => {
    const places = [...variables.keys()].filter((key) => key.startsWith(`${list}/`));
    return places.sort((a, b) => Number(a.slice(list.length + 1)) - Number(b.slice(list.length + 1)));
  };
  const [trained, statistics] = [listed("trainable_variables"), listed("variables")];
  const classes = variables.get(trained.at(-1) ?? "")?.shape[0] ?? 0;
  if (classes < 1) return null;
  for (const name of specNames) {
    const { params } = buildGraph(specOf(name, { classes }), { form: "clip", frames: 1 });
    const found = matched(params, trained, statistics, (key) => variables.get(key)?.shape ?? []);
    if (found !== null) return found;
  }
  return null;
}

/**
 * Walks along both lists. In a layer, kernels, vectors and scalars each have an order, and how they are interleaved
 * does not matter: some versions of the code list a kernel before its norm, some after it.
 */
function matched(
  params: Params,
  trained: readonly string[],
  statistics: readonly string[],
  shapeOf: (key: string) => readonly number[],
): ReadonlyMap<string, string> | null {
  const roles = Object.values(params).map(({ role }) => role);
  if (roles.length !== trained.length + statistics.length) return null;
  if (roles.filter(isStatistic).length !== statistics.length) return null;
  const found = new Map<string, string>();
  const kind = (shape: readonly number[]) => Math.min(shape.length, 2);
  const pair = (names: readonly string[], keys: readonly string[]) => {
    for (const rank of [0, 1, 2]) {
      const ours = names.filter((name) => kind(params[name]?.shape ?? []) === rank);
      const theirs = keys.filter((key) => kind(shapeOf(key)) === rank);
      for (const [i, name] of ours.entries()) {
        const key = theirs[i];
        if (key !== undefined && String(shapeOf(key)) === String(params[name]?.shape)) found.set(name, key);
      }
    }
  };
  const rest = { trained: [...trained], statistics: [...statistics] };
  for (const layer of layersInOrder(params)) {
    pair(layer.trained, rest.trained.splice(0, layer.trained.length));
    pair(layer.statistics, rest.statistics.splice(0, layer.statistics.length));
  }
  return found.size === trained.length + statistics.length ? found : null;
}
