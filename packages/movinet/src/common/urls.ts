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
  /([?&;#](?:[\w.-]*[-_.])?(?:(?:access|auth|id|refresh|session)?token|passphrase|password|passwd|pwd|secret|sig|signature|hmac|credential|api_?key|access_?key|jwt|authorization|(?:j|php)?sess(?:ion)?id|hdn(?:ts|ea|tl))=)[^&#\s;]*/gi;
/** What begins a URL, and the user and password in it. */
const user = /(\b[a-z][a-z\d+.-]{1,30}:\/\/)[^\s/?#]*@/gi;
/** The same of a URL that is mistyped. */
const mistypedUser = /(\bhttps?:[/\\]{0,2}|^[/\\]{2}(?=[^\s/?#@]*:))[^\s/?#]{0,300}@/gi;

/**
 * A source, or a text that speaks of one, as it may be shown and kept: instead of the user and password of a URL, and of
 * query parameters that by their name are keys, it has `***`. Two sources may look the same then.
 */
export function shownSource(text: string): string {
  return withoutUser(text).replace(user, "$1***@").replace(mistypedUser, "$1***@").replace(secretParameters, "$1***");
}

/** A text that is a URL by itself knows where its user ends, whatever is in the password. */
function withoutUser(text: string): string {
  if (schemeOf(text) === null) return text;
  // What is wrong may be a password with `/` or `#` in it.
  if (!URL.canParse(text)) return /\s/.test(text) ? text : text.replace(/:\/\/.*@/, "://***@");
  return text.replace(/:\/\/[^/?#]*@/, "://***@");
}

/** A source as results name it: a file as it is, a URL without what is secret in it. */
export function nameOfSource(source: string): string {
  return schemeOf(source) === null ? source : shownSource(source);
}
