/** Below this a "secret" would blank out ordinary words. */
const SHORTEST_SECRET = 4;

/**
 * Replaces secrets in a text that came from outside (some services quote the key in their errors).
 * The forms a key takes on the wire are covered too: percent-encoded and base64.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue;
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]) {
      clean = clean.replaceAll(form, "***");
    }
  }
  return clean;
}
