import type { Graph, Shape } from "../../graph/ir.ts";
import { poolFrameName, slotName } from "../../graph/step-names.ts";
import type { DeviceTensor, Executable } from "../engine.ts";
import { channelsFirst, channelsLast } from "../layout.ts";
import type { RuntimeTensor, TfliteExecutable } from "./runtime.ts";

/** The tensors of one value, one for each stream. */
class Rows implements DeviceTensor {
  readonly rows: readonly RuntimeTensor[];
  readonly #shape: Shape;

  constructor(rows: readonly RuntimeTensor[], shape: Shape) {
    this.rows = rows;
    this.#shape = shape;
  }

  async read(): Promise<Float32Array> {
    const planes = this.rows.flatMap((row) => channelsFirst(row.read() as Float32Array, this.#shape));
    const size = planes[0]?.length ?? 0;
    const data = new Float32Array(planes.length * size);
    for (const [i, plane] of planes.entries()) data.set(plane, i * size);
    return data;
  }

  dispose(): void {
    for (const row of this.rows) row.dispose();
  }
}

/** The file of a graph as an executable of it. A file takes one stream: several go through it one after the other. */
export function graphExecutable(graph: Graph, file: TfliteExecutable): Executable {
  const buffers = graph.states.filter((state) => state.kind === "buffer");
  const sums = graph.states.filter((state) => state.kind === "sum");
  const names = new Map(buffers.flatMap(({ name, slots }) => slots.map((slot, k) => [slot, slotName(name, k)])));
  const upload = (input: string, data: Float32Array): RuntimeTensor => {
    const shape = graph.shapes[input] as Shape;
    const size = shape.channels * shape.height * shape.width;
    const planes = Array.from({ length: shape.frames }, (_, t) => data.subarray(t * size, (t + 1) * size));
    return file.upload(names.get(input) ?? input, channelsLast(planes, shape));
  };
  /** One stream's outputs by the graph's names; running sums are added up here, where the file only tells their growth. */
  const runRow = async (inputs: Readonly<Record<string, RuntimeTensor>>) => {
    const fed = Object.entries(inputs).map(([input, tensor]) => [names.get(input) ?? input, tensor]);
    const results = await file.run(Object.fromEntries(fed));
    const outputs: Record<string, RuntimeTensor> = {};
    for (const [name, value] of Object.entries(graph.outputs)) outputs[value] = results[name] as RuntimeTensor;
    for (const { name, slots, newest } of buffers) {
      outputs[newest[0] as string] = results[slotName(name, slots.length)] as RuntimeTensor;
    }
    for (const { name, input, output } of sums) outputs[output] = grown(input, results[poolFrameName(name)], inputs);
    return outputs;
  };
  const grown = (
    input: string,
    growth: RuntimeTensor | undefined,
    inputs: Readonly<Record<string, RuntimeTensor>>,
  ): RuntimeTensor => {
    const past = inputs[input]?.read() ?? [];
    const sum = growth?.read().map((value, i) => value + (past[i] as number)) as Float32Array;
    growth?.dispose();
    return file.upload(input, sum);
  };

  return {
    graph,
    upload(input, data) {
      const shape = graph.shapes[input] as Shape;
      const size = shape.frames * shape.channels * shape.height * shape.width;
      const rows = Array.from({ length: data.length / size }, (_, row) =>
        upload(input, data.subarray(row * size, (row + 1) * size)),
      );
      return new Rows(rows, shape);
    },
    async run(inputs) {
      const given = Object.entries(inputs) as [string, Rows][];
      const results: Record<string, RuntimeTensor>[] = [];
      for (let row = 0; row < (given[0]?.[1].rows.length ?? 0); row++) {
        const own = given.map(([input, { rows }]) => [input, rows[row] as RuntimeTensor]);
        results.push(await runRow(Object.fromEntries(own)));
      }
      const rowsOf = (value: string) => results.map((outputs) => outputs[value] as RuntimeTensor);
      const values = Object.keys(results[0] ?? {});
      return Object.fromEntries(values.map((value) => [value, new Rows(rowsOf(value), graph.shapes[value] as Shape)]));
    },
    dispose: async () => file.dispose(),
  };
}
