/** Whether a source is a URL to fetch; the scheme may be in upper case. */
export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** The scheme of a URL of any kind, in lower case, or null. A drive letter is not a scheme. */
export function schemeOf(source: string): string | null {
  return /^([a-z][a-z\d+.-]+):\/\//i.exec(source)?.[1]?.toLowerCase() ?? null;
}

/** The URL to request: normalized as in browsers, without the fragment. Throws TypeError if it is invalid. */
export function requestUrl(source: string): string {
  const url = new URL(source);
  url.hash = "";
  return url.href;
}

const secretParameters =
  /([?&;#](?:[\w.-]*[-_.])?(?:(?:access|auth|id|refresh|session)?token|passphrase|password|passwd|pwd|secret|sig|signature|hmac|credential|api_?key|access_?key|jwt|authorization|(?:j|php)?sess(?:ion)?id|hdn(?:ts|ea|tl))=)[^&#\s;]*/gi;
/** The beginning of a URL, with user and password. */
const user = /(\b[a-z][a-z\d+.-]{1,30}:\/\/)[^\s/?#]*@/gi;
/** The same for a mistyped URL. */
const mistypedUser = /(\bhttps?:[/\\]{0,2}|^[/\\]{2}(?=[^\s/?#@]*:))[^\s/?#]{0,300}@/gi;

/**
 * A source, or a text that contains one, safe to show and store: a URL's user and password, and query parameters that
 * look like keys, become `***`. Two sources may then look the same.
 */
export function shownSource(text: string): string {
  return withoutUser(text).replace(user, "$1***@").replace(mistypedUser, "$1***@").replace(secretParameters, "$1***");
}

/** For a text that is entirely a URL, the end of the user part is known, whatever the password contains. */
function withoutUser(text: string): string {
  if (schemeOf(text) === null) return text;
  // The error may be in a password with `/` or `#`.
  if (!URL.canParse(text)) return /\s/.test(text) ? text : text.replace(/:\/\/.*@/, "://***@");
  return text.replace(/:\/\/[^/?#]*@/, "://***@");
}

/** A source as shown in results: files unchanged, URLs without secrets. */
export function nameOfSource(source: string): string {
  return schemeOf(source) === null ? source : shownSource(source);
}
