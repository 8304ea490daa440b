import type { Spec } from "../arch/spec.ts";

/**
 * A caveat about a TFLite file's answers; null: none. Files that compute in int8 often differ from their original
 * network if it has squeeze-and-excitation or hard swish, so such a file is trusted only with a parity receipt
 * (`movinet.receipt` in its metadata).
 */
export function unprovenInt8(
  { squeezeExcite, activation }: Pick<Spec, "squeezeExcite" | "activation">,
  dtype: string,
  receipt: Uint8Array | undefined,
): string | null {
  const parts = [
    ...(squeezeExcite === "none" ? [] : ["squeeze-and-excitation"]),
    ...(activation === "hard_swish" ? ["hard swish"] : []),
  ];
  if (dtype !== "int8" || parts.length === 0 || (receipt && passes(receipt))) return null;
  return `full-int8 files of networks with ${parts.join(" and ")} often give different answers than the original, and this one carries no parity receipt. Compare it with the file it was made from: movinet verify FILE --against ORIGINAL`;
}

/** A caveat about a file of ours that was written although its receipt from `movinet quantize` fails; null: none. */
export function failedReceipt(receipt: Uint8Array | undefined): string | null {
  const { type, mode, pass, agreement } = receipt === undefined ? {} : read(receipt);
  if (type !== "receipt" || typeof mode !== "string" || pass !== false) return null;
  const share =
    typeof agreement === "number" ? ` (it kept the class of ${(100 * agreement).toFixed(0)} % of the frames)` : "";
  return `it was written although its receipt fails${share}. Make it again with movinet quantize --mode auto`;
}

/** Whether the int8 file passed its receipt, with failing controls. */
function passes(receipt: Uint8Array): boolean {
  const { type, pass, result, checks, controls } = read(receipt);
  return type === "receipt" && pass === true && result?.dtype === "int8" && checks?.length > 0 && controls?.length > 0;
}

// biome-ignore lint/suspicious/noExplicitAny: from a file, so every field may be anything or missing
function read(receipt: Uint8Array): any {
  try {
    return JSON.parse(new TextDecoder().decode(receipt)) ?? {};
  } catch {
    return {};
  }
}
