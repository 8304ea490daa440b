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

/** Whether the int8 file passed its receipt, with failing controls. */
function passes(receipt: Uint8Array): boolean {
  try {
    const { type, pass, result, checks, controls } = JSON.parse(new TextDecoder().decode(receipt));
    return type === "receipt" && pass === true && result.dtype === "int8" && checks.length > 0 && controls.length > 0;
  } catch {
    return false;
  }
}
