/** Objects that are no part of what a stream keeps. */
const SHARED: ReadonlySet<string> = new Set(["sink", "options", "toolNames", "limits"]);

/** Texts that are shorter are constants of the code. */
const MIN_TEXT_CHARS = 64;

/**
 * Measures what an object keeps in memory, private fields, maps and sets included. Each object and each text counts once.
 * @returns bytes: a member, an entry and an object have 16 each, a text one for each character
 */
export function measureHeldBytes(...roots: readonly unknown[]): number {
  const seen = new Set<unknown>();
  const open: unknown[] = [...roots];
  let bytes = 0;
  const addText = (text: string) => {
    if (text.length < MIN_TEXT_CHARS || seen.has(text)) return;
    seen.add(text);
    bytes += text.length;
  };
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string") addText(value);
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    bytes += 16;
    const members: [unknown, unknown][] =
      value instanceof Map
        ? [...value]
        : value instanceof Set
          ? [...value].map((entry) => [entry, undefined])
          : Object.entries(value).filter(([name]) => !SHARED.has(name));
    bytes += 16 * members.length;
    for (const [name, member] of members) open.push(name, member);
  }
  return bytes;
}
