/** Characters that break a line. */
const LINE_BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;

/**
 * Characters that are not seen and may change how the text around them is seen: control characters (a terminal takes
 * commands that begin with ESC), marks that turn the direction of a line, tags, half surrogate pairs. Joiners stay: words
 * of some languages and many emoji have them.
 */
const UNPRINTABLE =
  /[\p{Cc}\p{Surrogate}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Texts of ASCII characters that can be printed, as most are. */
const PLAIN = /^[ -~]*$/;

/**
 * Makes a foreign text safe for a line of a log, an error or a status: line breaks become spaces, and what cannot be
 * printed becomes �. Anyone may have written it: a service, a model, a message.
 */
export function toPrintable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(LINE_BREAKS, " ").replace(UNPRINTABLE, "\ufffd");
}
