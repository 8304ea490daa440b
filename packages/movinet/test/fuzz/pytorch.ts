/** Damage to PyTorch files: to the bytes, to what stands in the archive, to the pickle's program, and programs of nothing but chance. */
import { op } from "../../src/formats/pytorch/pickle.ts";
import { readArchive, writeArchive } from "../../src/formats/zip.ts";
import { type Draw, damage, damageJson, pick } from "./mutate.ts";

const latin = (text: string) => [...Buffer.from(text, "latin1")];
/** Instructions with what they need, as a pickle of `torch.save` has them, and what one of an attacker has. */
const phrases: readonly (readonly number[])[] = [
  ...Object.values(op).map((code) => [code]),
  latin("ccollections\nOrderedDict\n)R"),
  latin("ctorch._utils\n_rebuild_tensor_v2\n"),
  latin("ctorch._utils\n_rebuild_parameter\n"),
  latin("ctorch\nFloatStorage\n"),
  latin("ctorch\nSize\n"),
  latin("cos\nsystem\n"),
  latin("X\x07\x00\x00\x00storage"),
  latin("X\x01\x00\x00\x000"),
  latin("(K\x02K\x03t"),
  latin("h\x00"),
  latin("q\x00"),
  latin("J\xff\xff\xff\x7f"),
  latin("X\xff\xff\xff\xff"),
];

export function damagePytorch(original: Uint8Array, draw: Draw): Uint8Array {
  if (draw(3) === 0) return damage(original, draw);
  const files = readArchive(original, 65_535).map((file) => ({ name: file.name, content: file.read() }));
  const at = (part: string) => files.findIndex(({ name }) => name.includes(part));
  const replace = (index: number, change: (content: Uint8Array) => Uint8Array) => {
    const file = files[index];
    if (file) files[index] = { ...file, content: change(file.content) };
  };
  switch (draw(4)) {
    case 0:
      replace(at("data.pkl"), (content) => damage(content, draw));
      break;
    case 1:
      replace(at("data.pkl"), (content) => chance(content, draw));
      break;
    case 2: {
      const text = new TextDecoder();
      const json = (content: Uint8Array) => new TextEncoder().encode(damageJson(text.decode(content), draw));
      replace(at(pick(draw, ["extra/movinet.spec", "extra/movinet.card"])), json);
      break;
    }
    default:
      for (let count = 1 + draw(4); count > 0; count--) {
        const [one, other] = [draw(files.length), draw(files.length)];
        if (draw(2) === 0) files.splice(one, 1);
        else replace(one, () => files[other]?.content ?? new Uint8Array());
      }
  }
  return writeArchive(files, 64);
}

/** A beginning of the pickle, and instructions that chance has drawn. */
function chance(content: Uint8Array, draw: Draw): Uint8Array {
  const begin = [...content.subarray(0, draw(2) === 0 ? 2 : draw(content.length))];
  const drawn = Array.from({ length: 1 + draw(60) }, () => pick(draw, phrases));
  return Uint8Array.from([...begin, ...drawn.flat(), op.stop]);
}
