/** A shorter "secret" would blank out ordinary words. */
const MIN_SECRET_CHARS = 4;

/**
 * From this length on, part of a secret gives it away. A shorter secret is usually a placeholder for a service that
 * needs no key ("none", "ollama"), so it is replaced only as a whole word.
 */
const MIN_TELLING_CHARS = 8;

/**
 * Replaces secrets in a text from outside, because some services quote the key in their errors. It also finds a key
 * that is encoded (for an address, as JSON, HTML, hexadecimal or base64, alone or as a part of it), written in other case,
 * without its `Authorization` scheme, or cut off at the end of an excerpt or of the text.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const form of listForms(secrets)) {
    clean = clean.replace(createPattern(form), "***");
    if (form.length > MIN_TELLING_CHARS) clean = redactCutOff(clean, form);
  }
  return clean;
}

/** Replaces the beginning of a secret before each “…” and at the end of the text. */
function redactCutOff(text: string, form: string): string {
  const pieces = text.split("…").map((piece) => {
    for (let length = Math.min(form.length - 1, piece.length); length >= MIN_TELLING_CHARS; length--) {
      const start = piece.length - length;
      if (piece.slice(start).toLowerCase() === form.slice(0, length).toLowerCase())
        return `${piece.slice(0, start)}***`;
    }
    return piece;
  });
  return pieces.join("…");
}

/** A short form counts only as a whole word. */
function createPattern(form: string): RegExp {
  const literal = form.replace(/[^A-Za-z0-9]/g, "\\$&");
  const isTelling = form.length >= MIN_TELLING_CHARS;
  return new RegExp(isTelling ? literal : `(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])`, "gi");
}

/** Lists the forms in which secrets may appear, the longest first: a shorter one may be a part of it. */
function listForms(secrets: readonly string[]): string[] {
  const values = new Set(secrets.flatMap(listParts));
  const forms = new Set([...values].filter((value) => value.length >= MIN_SECRET_CHARS).flatMap(encode));
  return [...forms].sort((one, other) => other.length - one.length);
}

/** Lists a secret and its parts: what follows the scheme, the pairs of a cookie, the user and password of a login. */
function listParts(secret: string): string[] {
  const bare = secret.replace(/^(?:basic|bearer|key|token) +/i, "");
  const words = secret.split(/[\s;,]+/).flatMap((word) => [word, word.slice(word.indexOf("=") + 1)]);
  const login = /^basic +/i.test(secret) ? Buffer.from(bare, "base64").toString() : "";
  const password = login.slice(login.indexOf(":") + 1);
  return [secret, bare, ...[...words, login, password].filter(({ length }) => length >= MIN_TELLING_CHARS)];
}

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function encode(value: string): string[] {
  const percent = encodeURIComponent(value);
  return [
    value,
    percent,
    percent.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`),
    percent.replaceAll("%20", "+"),
    JSON.stringify(value).slice(1, -1),
    value.replace(/[&<>"']/g, (character) => HTML_ENTITIES[character]!),
    Buffer.from(value).toString("hex"),
    ...encodeBase64(value),
  ];
}

/** Lists the base64 of a value, and what that is within the base64 of a longer text, whose neighbours change its ends. */
function encodeBase64(value: string): string[] {
  const whole = Buffer.from(value).toString("base64");
  const inner = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]).toString("base64");
    // Three bytes make four characters. Those that hold a bit of a neighbour are left out.
    const unknown = text.length - text.replaceAll("=", "").length;
    return text.slice(offset === 0 ? 0 : offset + 1, text.length - (unknown === 0 ? 0 : unknown + 1));
  });
  return [
    whole,
    whole.replaceAll("=", ""),
    ...inner.filter(({ length }) => length >= MIN_TELLING_CHARS),
  ].flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}
