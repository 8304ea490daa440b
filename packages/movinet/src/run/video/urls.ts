/** Whether a source is a URL that is fetched; the scheme may be written in capitals. */
export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** The scheme of a source that is a URL of any kind, in small letters, or null. A drive letter is no scheme. */
export function schemeOf(source: string): string | null {
  return /^([a-z][a-z\d+.-]+):\/\//i.exec(source)?.[1]?.toLowerCase() ?? null;
}

/** What is asked for a URL: as browsers write it, without the part after `#`. Throws TypeError for what is no URL. */
export function requestUrl(source: string): string {
  const url = new URL(source);
  url.hash = "";
  return url.href;
}

const secretParameters =
  /([?&;](?:[\w.-]*[-_.])?(?:(?:access|auth|id|refresh|session)?token|password|passwd|pwd|secret|sig|signature|credential|api_?key|access_?key|jwt)=)[^&#\s;]*/gi;

/**
 * A source, or a text that speaks of one, as it may be shown and kept: instead of the user and password of a URL, and of
 * query parameters that by their name are keys, it has `***`. Two sources may look the same then.
 */
export function shownSource(text: string): string {
  if (schemeOf(text) !== null && !/\s/.test(text) && !URL.canParse(text)) {
    // What is wrong may be a password with `/` or `#` in it.
    return text.replace(/:\/\/.*@/, "://***@").replace(secretParameters, "$1***");
  }
  return text.replace(/\b([a-z][a-z\d+.-]+:\/\/)[^\s/?#]*@/gi, "$1***@").replace(secretParameters, "$1***");
}

/** A source as results name it: a file as it is, a URL without what is secret in it. */
export function nameOfSource(source: string): string {
  return schemeOf(source) === null ? source : shownSource(source);
}
