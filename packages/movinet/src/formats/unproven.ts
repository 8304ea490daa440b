import type { Spec } from "../arch/spec.ts";

/**
 * What is to be known of a TFLite file before its answers are trusted; null: nothing. Files that compute in int8 often say
 * something else than the network that they were made of where it has squeeze-and-excitation or hard swish, so that such a
 * file is believed only with a receipt (`movinet.receipt` in its metadata) that its answers were compared.
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
  return `a full-int8 file of a network with ${parts.join(" and ")} often gives other answers than the network, and no receipt says that this one was compared. Compare it with the file it was made from: movinet verify FILE --against ORIGINAL`;
}

/** Whether a receipt says that the int8 file passed, and what failed beside it. */
function passes(receipt: Uint8Array): boolean {
  try {
    const { type, pass, result, checks, controls } = JSON.parse(new TextDecoder().decode(receipt));
    return type === "receipt" && pass === true && result.dtype === "int8" && checks.length > 0 && controls.length > 0;
  } catch {
    return false;
  }
}
