/** What nests deeper, or in a circle, is copied by the engine's own, slower copy. */
const MAX_DEPTH = 64;

/**
 * Copies a value as `structuredClone` does, but several times faster if the value is plain JSON.
 * @throws DataCloneError if the value has a function in it, or something else that cannot be copied
 */
export function copyJson<Value>(value: Value, depth: number = MAX_DEPTH): Value {
  if (typeof value === "function" || typeof value === "symbol") return structuredClone(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return structuredClone(value);
  if (Array.isArray(value)) return copyList(value, depth) as Value;
  return isPlain(value) ? copyObject(value, depth) : structuredClone(value);
}

function copyList(list: readonly unknown[], depth: number): unknown[] {
  const copy = list.slice();
  for (let at = 0; at < copy.length; at++) {
    if (!isFlat(copy[at])) copy[at] = copyJson(copy[at], depth - 1);
  }
  return copy;
}

function copyObject<Value extends object>(object: Value, depth: number): Value {
  const copy = { ...object };
  for (const key in copy) {
    if (!isFlat(copy[key])) copy[key] = copyJson(copy[key], depth - 1);
  }
  return copy;
}

/** Whether a value is its own copy. */
function isFlat(value: unknown): boolean {
  const type = typeof value;
  return (
    type === "string" || type === "number" || type === "boolean" || value === null || value === undefined
  );
}

/** Whether an object is of no class. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}
