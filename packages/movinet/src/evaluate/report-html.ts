/** Markup that may stand in a page as it is; only {@link html} and {@link raw} make it. */
export interface Html {
  readonly markup: string;
}

type Part = Html | string | number | null | false | readonly Part[];

/** A piece of a page: texts that are put in are escaped, pieces and lists of pieces are not, null and false are left out. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: strings.map((text, i) => text + markupOf(parts[i] ?? null)).join("") };
}

/** Markup that was made elsewhere and is to be trusted, for example a chart. */
export function raw(markup: string): Html {
  return { markup };
}

function markupOf(part: Part): string {
  if (part === null || part === false) return "";
  if (typeof part === "object" && "markup" in part) return part.markup;
  if (typeof part === "object") return part.map(markupOf).join("");
  return escapeText(String(part));
}

/**
 * Text for a page or a quoted attribute. A percent sign stays beside its number; control characters become spaces, and
 * marks that turn the direction of what follows are dropped.
 */
export function escapeText(text: string): string {
  return text
    .replace(/(?!\n)\p{Cc}/gu, " ")
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/(?<=\d) %/g, "\u00a0%");
}
