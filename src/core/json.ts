/**
 * A key that could reach a prototype when somebody merges objects, also when written with \u escapes.
 * Inside a JSON string the quotes are escaped, so text *about* prototypes does not match.
 */
const DANGEROUS_KEY =
  /"(?:_|\\u005[Ff]){2}(?:p|\\u0070)(?:r|\\u0072)(?:o|\\u006[Ff])(?:t|\\u0074)(?:o|\\u006[Ff])(?:_|\\u005[Ff]){2}"\s*:/;

/**
 * Parses JSON that a remote sent.
 * @throws SyntaxError for what is not JSON or has a `__proto__` key; the message never quotes the text.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SyntaxError("not JSON");
  }
  // Such a key needs an underscore or an escaped one; most records have neither next to a quote.
  if ((text.includes('"_') || text.includes('"\\u005')) && DANGEROUS_KEY.test(text)) {
    throw new SyntaxError("JSON with a forbidden key");
  }
  return value;
}

/** Parses JSON, or gives undefined. */
export function tryParseJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value nests no deeper than `limit`; recursion stops there, so it cannot overflow the stack. */
export function withinDepth(value: unknown, limit: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (limit === 0) return false;
  for (const key in value) {
    if (!withinDepth((value as Record<string, unknown>)[key], limit - 1)) return false;
  }
  return true;
}
