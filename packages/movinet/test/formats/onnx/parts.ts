/** What stands in an ONNX file, by field numbers of the schema; the library reads only constants and metadata. */
import { PbfReader } from "pbf";

export interface OnnxParts {
  readonly ir: number;
  readonly opset: number;
  readonly nodes: readonly { readonly op: string; readonly ints: Readonly<Record<string, readonly number[]>> }[];
  /** Of nodes, values and constants. */
  readonly names: readonly string[];
  /** Names of sizes that are open. */
  readonly sizes: readonly string[];
}

type Fields = Readonly<Record<number, (pbf: PbfReader) => void>>;

export function partsOf(bytes: Uint8Array): OnnxParts {
  const pbf = new PbfReader(bytes);
  const names: string[] = [];
  const sizes: string[] = [];
  const nodes: { op: string; ints: Record<string, number[]> }[] = [];
  let [ir, opset] = [0, 0];

  const read = (fields: Fields, end: number) => pbf.readFields((field) => fields[field]?.(pbf), null, end);
  const message = (fields: Fields) => () => read(fields, pbf.readVarint() + pbf.pos);
  const name = () => names.push(pbf.readString());
  const dim = message({ 2: () => sizes.push(pbf.readString()) });
  const value = message({ 1: name, 2: message({ 1: message({ 2: message({ 1: dim }) }) }) });
  const node = () => {
    const made = { op: "", ints: {} as Record<string, number[]> };
    const attribute = () => {
      let [key, values] = ["", [] as number[]];
      message({ 1: () => (key = pbf.readString()), 8: () => (values = pbf.readPackedVarint()) })();
      made.ints[key] = values;
    };
    message({ 1: name, 2: name, 3: name, 4: () => (made.op = pbf.readString()), 5: attribute })();
    nodes.push(made);
  };
  const graph = message({ 1: node, 5: message({ 8: name }), 11: value, 12: value });
  read(
    {
      1: () => (ir = pbf.readVarint()),
      7: graph,
      8: message({ 2: () => (opset = pbf.readVarint()) }),
    },
    bytes.length,
  );
  return { ir, opset, nodes, names, sizes };
}
