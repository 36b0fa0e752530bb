/** A shorter "secret" would blank out ordinary words. */
const MIN_SECRET_CHARS = 4;

/**
 * From this length on, part of a secret gives it away. A shorter secret is usually a placeholder for a service that
 * needs no key ("none", "ollama"), so it is replaced only as a whole word.
 */
const MIN_TELLING_CHARS = 8;

/**
 * Replaces secrets in a text from outside, because some services quote the key in their errors. It also finds a key
 * that is percent-encoded, in base64, without its `Authorization` scheme, or cut off at the end of an excerpt.
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

/** Lists the forms in which a secret may appear on the wire. */
function listForms(secret: string): string[] {
  const bare = secret.replace(/^(?:basic|bearer|key|token) +/i, "");
  return [...new Set([secret, bare])]
    .filter((value) => value.length >= MIN_SECRET_CHARS)
    .flatMap((value) => [value, encodeURIComponent(value), Buffer.from(value).toString("base64")]);
}
