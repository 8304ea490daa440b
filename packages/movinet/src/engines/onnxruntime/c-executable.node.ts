import { ModelError } from "../../common/errors.ts";
import { outputsOf } from "../../graph/ir.ts";
import { elementsOf } from "../../graph/shapes.ts";
import { graphInterface, type StepInterface, type TensorFacts, tensorsOf } from "../../graph/step-interface.ts";
import type { DeviceTensor, Executable } from "../engine.ts";
import { type CApi, CTexts, type Handle, onPool } from "./c-api.node.ts";
import { CMemory, type CTensor, type Dimensions, freeHeld, type Held } from "./c-tensor.node.ts";
import type { OnnxModel } from "./onnx.ts";

/** Sessions of executables that were garbage-collected without being disposed. */
const collected = new FinalizationRegistry<Held>(freeHeld);

export interface CExecutableOptions {
  /** Run on a thread of Node's pool, so that the event loop stays responsive. */
  readonly background: boolean;
  readonly dimensions: Dimensions;
}

/** The pointers for a run; overlapping runs have separate ones. */
interface CallFrame {
  readonly inputs: BigUint64Array;
  readonly outputs: BigUint64Array;
}

interface OutputPlan {
  readonly length: number;
  readonly dims: BigInt64Array;
  readonly unpack: CTensor["unpack"];
}

/** A model in an ONNX Runtime session called through its C API. Its outputs go into preallocated memory. */
export class CExecutable implements Executable {
  readonly step: StepInterface;
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  readonly layout = "planes";
  readonly streams: Executable["streams"];
  readonly #api: CApi;
  readonly #held: Held;
  readonly #model: Pick<OnnxModel, "graph" | "layout">;
  readonly #options: CExecutableOptions;
  #memory: CMemory;
  readonly #inputNames: CTexts;
  readonly #outputNames: CTexts;
  /** Inputs that are not states: they are read from the caller's memory. */
  readonly #passing: ReadonlySet<string>;
  /** For each input, the value for its latest length. */
  readonly #inputDims: { readonly length: number; readonly dims: BigInt64Array }[] = [];
  readonly #frames: CallFrame[] = [];
  readonly #outputPlans = new Map<number, readonly OutputPlan[]>();
  readonly #running = new Set<Promise<unknown>>();
  #disposed: Promise<void> | null = null;

  constructor(held: Held, { graph, layout }: Pick<OnnxModel, "graph" | "layout">, options: CExecutableOptions) {
    const inputs = graph.nodes.filter((node) => node.op === "input");
    const { api } = held;
    this.#api = api;
    this.#held = held;
    this.#model = { graph, layout };
    this.streams = layout.streams;
    this.#options = options;
    this.step = graphInterface(graph);
    this.inputs = tensorsOf(
      graph,
      inputs.map(({ id }) => id),
    );
    this.outputs = tensorsOf(graph, [...new Set(outputsOf(graph))]);
    const bytes = this.inputs.reduce((sum, { shape }) => sum + 4 * elementsOf(shape), 0);
    this.#memory = new CMemory(this.#held, bytes);
    this.#inputNames = new CTexts(
      api,
      this.inputs.map(({ name }) => name),
    );
    this.#outputNames = new CTexts(
      api,
      this.outputs.map(({ name }) => name),
    );
    this.#passing = new Set(inputs.flatMap(({ id, role }) => (role === "slot" || role === "sum" ? [] : [id])));
    collected.register(this, this.#held, this);
  }

  upload(input: string, data: Float32Array, instead?: DeviceTensor): DeviceTensor {
    const before = instead as CTensor | undefined;
    const { layout } = this.#model;
    const packed = layout.pack(input, data);
    const unpack = (values: Float32Array) => layout.unpack(input, values);
    // On another thread, the caller's memory could disappear meanwhile.
    if (this.#passing.has(input) && !this.#options.background) {
      if (before?.data === packed) return before;
      before?.dispose();
      return this.#memory.wrap(packed, unpack);
    }
    const reused = before && this.#memory.owns(before) && before.data.length === packed.length ? before : null;
    if (!reused) before?.dispose();
    const tensor = reused ?? this.#memory.take(packed.length, unpack);
    tensor.data.set(packed);
    tensor.unpack = unpack;
    return tensor;
  }

  async run(inputs: readonly DeviceTensor[]): Promise<readonly DeviceTensor[]> {
    if (this.#disposed) throw new Error(`internal: ${this.#model.graph.name} was run after being disposed`);
    const plans = this.#plansFor(inputs);
    const outputs = plans.map(({ length, unpack }) => this.#memory.take(length, unpack));
    const frame = this.#frames.pop() ?? {
      inputs: new BigUint64Array(this.inputs.length),
      outputs: new BigUint64Array(this.outputs.length),
    };
    try {
      for (let i = 0; i < inputs.length; i++) frame.inputs[i] = this.#inputValue(i, inputs[i] as CTensor);
      for (let o = 0; o < outputs.length; o++) {
        frame.outputs[o] = (outputs[o] as CTensor).value((plans[o] as OutputPlan).dims);
      }
      if (this.#options.background) await this.#runApart(frame);
      else this.#api.check(this.#api.run(...this.#arguments(frame)));
    } catch (cause) {
      for (const output of outputs) output.dispose();
      throw runError(this.#model.graph.name, cause);
    } finally {
      this.#frames.push(frame);
    }
    return outputs;
  }

  add(sum: DeviceTensor, growth: DeviceTensor): void {
    const { data } = sum as CTensor;
    const { data: more } = growth as CTensor;
    for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) + (more[i] as number);
  }

  dispose(): Promise<void> {
    this.#disposed ??= Promise.allSettled(this.#running).then(() => {
      collected.unregister(this);
      freeHeld(this.#held);
      // References to a disposed executable keep none of its memory.
      this.#memory = new CMemory(this.#held, 0);
    });
    return this.#disposed;
  }

  #arguments({ inputs, outputs }: CallFrame): Parameters<CApi["run"]> {
    const { session } = this.#held;
    const [names, outputNames] = [this.#inputNames.addresses, this.#outputNames.addresses];
    return [session, null, names, inputs, inputs.length, outputNames, outputs.length, outputs];
  }

  async #runApart(frame: CallFrame): Promise<void> {
    const running = onPool(this.#api, this.#api.run, ...this.#arguments(frame));
    this.#running.add(running);
    try {
      await running;
    } finally {
      this.#running.delete(running);
    }
  }

  #inputValue(at: number, tensor: CTensor): Handle {
    const { length } = tensor.data;
    let known = this.#inputDims[at];
    if (known?.length !== length) {
      const { name } = this.inputs[at] as TensorFacts;
      known = { length, dims: this.#options.dimensions.of(this.#model.layout.inputDims(name, length)) };
      this.#inputDims[at] = known;
    }
    return tensor.value(known.dims);
  }

  /** For as many streams as the first input has. */
  #plansFor([first]: readonly DeviceTensor[]): readonly OutputPlan[] {
    const { layout } = this.#model;
    const { length } = (first as CTensor).data;
    const known = this.#outputPlans.get(length);
    if (known) return known;
    const plans = this.outputs.map(({ name }): OutputPlan => {
      const dims = layout.outputDims(name, length / elementsOf(this.inputs[0]?.shape ?? []));
      return {
        length: elementsOf(dims),
        dims: this.#options.dimensions.of(dims),
        unpack: (values) => layout.unpack(name, values),
      };
    });
    this.#outputPlans.set(length, plans);
    return plans;
  }
}

function runError(subject: string, cause: unknown): ModelError {
  return new ModelError({
    code: "E_MODEL_RUNTIME",
    subject,
    problem: `ONNX Runtime cannot run it (${(cause as Error).message})`,
    remedy: "If memory is short, process fewer streams at a time; otherwise convert the model again",
    cause,
  });
}
