/** Bytes that a text takes beside its characters. */
const TEXT_BYTES = 24;

/** Bytes of an empty object or list. */
const CONTAINER_BYTES = 48;

/** Bytes of a number, a truth value or null in a list or an object. */
const PRIMITIVE_BYTES = 8;

/** Bytes of a member of an object beside its value and the characters of its name. */
const MEMBER_BYTES = 40;

/** V8 keeps an object in a list as a hash table of its own from this number of members on. A smaller one shares its shape with others. */
const MIN_HASHED_MEMBERS = 128;

/** Bytes that one more piece adds to a text that grows by pieces: the engine keeps the pieces apart. */
const PIECE_BYTES = 32;

/** Bytes of an entry of a map or a set, beside its key and its value. */
export const ENTRY_BYTES = 64;

/**
 * Estimates how many bytes a JSON value takes in memory. A limit that counts only the characters of the JSON misses most of
 * it: `"a":{}` has 6 characters and takes about 90 bytes. The estimate is right within a factor of 4.
 */
export function estimateHeapBytes(value: unknown): number {
  if (typeof value === "string") return estimateTextBytes(value);
  if (typeof value !== "object" || value === null) return PRIMITIVE_BYTES;
  return Array.isArray(value) ? estimateListBytes(value) : estimateObjectBytes(value);
}

function estimateListBytes(list: readonly unknown[]): number {
  let bytes = CONTAINER_BYTES + list.length * PRIMITIVE_BYTES;
  let names: readonly string[] = [];
  for (const entry of list) {
    if (typeof entry !== "object" || entry === null || Array.isArray(entry))
      bytes += estimateHeapBytes(entry);
    else {
      // Neighbours share their names only if these come in the same order: else the engine keeps each object's own.
      const shares = hasNames(entry, names);
      if (!shares) names = Object.keys(entry);
      const sharedBytes = names.length < MIN_HASHED_MEMBERS ? PRIMITIVE_BYTES : MEMBER_BYTES;
      bytes += estimateObjectBytes(entry, shares ? sharedBytes : undefined);
    }
  }
  return bytes;
}

function hasNames(object: object, names: readonly string[]): boolean {
  let at = 0;
  for (const name in object) if (name !== names[at++]) return false;
  return at === names.length;
}

/** @param memberBytes those of a member beside its value, if the object before it in a list has the same names */
function estimateObjectBytes(object: object, memberBytes?: number): number {
  let bytes = CONTAINER_BYTES;
  for (const name in object) {
    bytes += memberBytes ?? MEMBER_BYTES + name.length;
    bytes += estimateHeapBytes((object as Record<string, unknown>)[name]);
  }
  return bytes;
}

/** Estimates how many bytes a text takes in memory. */
export function estimateTextBytes(text: string): number {
  return TEXT_BYTES + text.length;
}

/** Estimates how many bytes a member of an object takes in memory, its name included. */
export function estimateMemberBytes(name: string, value: unknown): number {
  return MEMBER_BYTES + name.length + estimateHeapBytes(value);
}

/** Estimates how many bytes one more piece adds to a text that grows by pieces. */
export function estimatePieceBytes(piece: string): number {
  return PIECE_BYTES + piece.length;
}

/**
 * Estimates by how many bytes an object grows if a member gets another value.
 * @param before the member's value until now; undefined for a new member
 */
export function estimateGrowthBytes(name: string, before: unknown, value: unknown): number {
  if (before === undefined) return estimateMemberBytes(name, value);
  return Math.max(0, estimateHeapBytes(value) - estimateHeapBytes(before));
}
