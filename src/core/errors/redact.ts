/** Below this a "secret" would blank out ordinary words. */
const MIN_SECRET_CHARS = 4;

/**
 * From so many characters on a piece of a secret gives it away. A secret with fewer is mostly a placeholder, for a
 * service that wants none ("none", "ollama"), and not looked for within words.
 */
const MIN_TELLING_CHARS = 8;

/**
 * Replaces secrets in a text that came from outside (some services quote the key in their errors).
 * The forms a key takes on the wire are covered too: percent-encoded, base64, behind an `Authorization` scheme,
 * and cut off where an excerpt ends.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const form of new Set(secrets.flatMap(listForms))) {
    clean = clean.replaceAll(form.length < MIN_TELLING_CHARS ? createWordPattern(form) : form, "***");
    for (let length = form.length - 1; length >= MIN_TELLING_CHARS && clean.includes("…"); length--) {
      clean = clean.replaceAll(`${form.slice(0, length)}…`, "***…");
    }
  }
  return clean;
}

function createWordPattern(text: string): RegExp {
  const literal = text.replace(/[^A-Za-z0-9]/g, "\\$&");
  return new RegExp(`(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])`, "g");
}

function listForms(secret: string): string[] {
  const bare = secret.replace(/^(?:basic|bearer|key|token) +/i, "");
  return [...new Set([secret, bare])]
    .filter((value) => value.length >= MIN_SECRET_CHARS)
    .flatMap((value) => [value, encodeURIComponent(value), Buffer.from(value).toString("base64")]);
}
