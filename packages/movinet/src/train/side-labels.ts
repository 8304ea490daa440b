/** Words for a side or a sense of rotation, which mirroring reverses: whole words, lower case. */
const words = [
  "(left|right|east|west)(wards?|bound|most|hand(ed)?|side)?|(north|south)(east|west)|starboard", // English
  "((counter|anti)?clock|counterclock)wise|c?cw|acw",
  "links|rechts|(linke|rechte)[mnrs]?|(links|rechts)(herum|händig|af|om)|(gegen)?uhrzeigersinn", // German, Dutch
  "gauches?|droite?s?|antihoraire", // French
  "(izquierd|derech)[ao]s?|antihorario", // Spanish
  "(esquerd|direit)[ao]s?|anti-?horário", // Portuguese
  "(sinistr|destr)[aeio]|antiorario", // Italian
  "(lew|praw)(o|a|y|e|ej|ą)", // Polish
  "(в|на)?(лев|прав)о|с(лев|прав)а|(лев|прав)(ый|ая|ое|ые|ой|ую|ого|ых|ым)|часовой", // Russian
  "sağa?", // Turkish
  "(बा|दा)(ए|या)[ंँ]", // Hindi
];
const sideWord = new RegExp(`^(${words.join("|")})$`, "u");

/** Words in scripts without spaces. */
const sideSigns = /[左右]|[顺順逆]时?時?[针針]|時計回り|왼|오른|[좌우](회전|측)|시계\s*방향|يسار|يمين/u;

/** Words that may be part of a longer word if another label has the opposite in its place. */
const opposites =
  /left|right|east|west|(counter|anti)?clockwise|links|rechts|linke|rechte|gauche|droite?|izquierd|derech|esquerd|direit|sinistr|destr|lew|praw|лев|прав/gu;
const letters = new Set(["l", "r", "lh", "rh"]);

/**
 * The labels, in order, whose names show that left and right matter: words for a side or a sense of rotation in any
 * case and with any separators (`turn_left`, `leftHand`, `Nach-rechts`, `向左`), in the languages above; and pairs of
 * labels that differ only in such a word within a longer one (`swipeleft`, `swiperight`) or in `l` and `r` (`hand_l`,
 * `hand_r`). `leftover`, `bright` and `copyright` do not count. A label counts even if its opposite is not a class.
 */
export function sideLabels(labels: readonly string[]): readonly string[] {
  const forms = labels.map((label) => {
    const own = wordsOf(label);
    const neutral = own.map((word) => (letters.has(word) ? "*" : word.replace(opposites, "*"))).join(" ");
    return { label, own, text: own.join(" "), neutral };
  });
  return forms
    .filter(({ label, own, text, neutral }) => {
      if (own.some((word) => sideWord.test(word)) || sideSigns.test(label.normalize("NFC"))) return true;
      return forms.some((other) => other.neutral === neutral && other.text !== text);
    })
    .map(({ label }) => label);
}

/** The words of a label in lower case, split at other characters and in camelCase. */
function wordsOf(label: string): readonly string[] {
  const apart = label
    .normalize("NFC")
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2");
  return apart.match(/[\p{L}\p{M}]+/gu)?.map((word) => word.toLowerCase()) ?? [];
}
