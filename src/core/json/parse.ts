/**
 * The key `__proto__`, also written with \u escapes: code that merges objects could reach a prototype by it. Inside a
 * JSON string the quotes are escaped, so a text about prototypes does not match.
 */
const PROTO_KEY =
  /"(?:_|\\u005[Ff]){2}(?:p|\\u0070)(?:r|\\u0072)(?:o|\\u006[Ff])(?:t|\\u0074)(?:o|\\u006[Ff])(?:_|\\u005[Ff]){2}"\s*:/;

/** The key `constructor`: `{"constructor":{"prototype":…}}` is the other way to a prototype. */
const CONSTRUCTOR_KEY =
  /"(?:c|\\u0063)(?:o|\\u006[Ff])(?:n|\\u006[Ee])(?:s|\\u0073)(?:t|\\u0074)(?:r|\\u0072)(?:u|\\u0075)(?:c|\\u0063)(?:t|\\u0074)(?:o|\\u006[Ff])(?:r|\\u0072)"\s*:/;

/** Some services begin a body with it, though JSON has none (RFC 8259, section 8.1). */
const BYTE_ORDER_MARK = 0xfeff;

/**
 * Parses JSON from a remote.
 * @throws SyntaxError if the text is not JSON or has a key that leads to a prototype; the message never quotes the
 *   text
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);
  } catch {
    throw new SyntaxError("not JSON");
  }
  const hasEscape = text.includes("\\u00");
  // The cheap tests come first: most records have neither an underscore after a quote nor an escape.
  if ((hasEscape || text.includes('"_')) && PROTO_KEY.test(text)) throw createForbiddenKeyError();
  if ((hasEscape || text.includes("constructor")) && CONSTRUCTOR_KEY.test(text) && hasPrototypeKey(value)) {
    throw createForbiddenKeyError();
  }
  return value;
}

function createForbiddenKeyError(): SyntaxError {
  return new SyntaxError("JSON with a forbidden key");
}

/** Whether a value has `{"constructor":{"prototype":…}}` anywhere in it. */
function hasPrototypeKey(value: unknown): boolean {
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== "object" || next === null) continue;
    const entry: unknown = Object.hasOwn(next, "constructor") ? next.constructor : undefined;
    if (isObject(entry) && Object.hasOwn(entry, "prototype")) return true;
    for (const member of Object.values(next)) open.push(member);
  }
  return false;
}

/** Parses JSON from a remote. @returns undefined if `parseJson` throws */
export function tryParseJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Whether a value is an object, but neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How deeply a value may nest to be turned into JSON: JSON.stringify is recursive. */
const MAX_STRINGIFY_DEPTH = 100;

/** Turns a value into JSON; one that nests too deeply for that becomes “…”. */
export function stringifyWithinDepth(value: unknown): string {
  return isWithinDepth(value, MAX_STRINGIFY_DEPTH) ? (JSON.stringify(value) ?? "") : "…";
}

/**
 * Whether a JSON text may nest deeper than `limit`. It only counts opening brackets, those in strings included, so it
 * is cheap enough for every record.
 */
export function mayNestDeeper(text: string, limit: number): boolean {
  let brackets = 0;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++brackets > limit) return true;
    }
  }
  return false;
}

/** Whether a value nests no deeper than `limit`. Recursion stops there, so it cannot overflow the stack. */
export function isWithinDepth(value: unknown, limit: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (limit === 0) return false;
  for (const key in value) {
    if (!isWithinDepth((value as Record<string, unknown>)[key], limit - 1)) return false;
  }
  return true;
}

/** Reads an object's own field, not what every object inherits under that name (`constructor`, `toString`). */
export function readOwnField(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Estimates how many characters a value has as JSON. It is good enough for limits, not for billing. */
export function estimateSize(value: unknown): number {
  if (typeof value === "string") return value.length + 1;
  if (typeof value !== "object" || value === null) return 1;
  let size = 1;
  for (const key in value) size += key.length + estimateSize((value as Record<string, unknown>)[key]);
  return size;
}
