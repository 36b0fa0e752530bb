/** How long conversations are kept, and how many. */
export interface ConversationBounds {
  /** At least 1. */
  maxConversations: number;
  /** Milliseconds without a message after which a conversation is forgotten; infinity: never. */
  expiryMs: number;
}

/** When each conversation was last used: its name in the context, and milliseconds since 1970. The oldest is first. */
export type ConversationTimes = readonly (readonly [name: string, usedAt: number])[];

/** @returns an empty list if there is no value; undefined if the value is another one, which this package has not stored */
export function readTimes(value: unknown): ConversationTimes | undefined {
  if (value === undefined || value === null) return [];
  const isList = Array.isArray(value) && value.every(isEntry);
  return isList ? (value as unknown as ConversationTimes) : undefined;
}

/** @returns the list with a conversation that is used now */
export function noteUse(times: ConversationTimes, name: string, now: number): ConversationTimes {
  return [...times.filter(([other]) => other !== name), [name, now]];
}

/** Whether a conversation has not been used for too long. */
export function hasExpired(
  times: ConversationTimes,
  name: string,
  { expiryMs }: ConversationBounds,
  now: number,
): boolean {
  const entry = times.find(([other]) => other === name);
  return entry !== undefined && entry[1] + expiryMs <= now;
}

/** @returns the names of conversations to forget, oldest first: those that are too old, and those that are too many */
export function findStale(
  times: ConversationTimes,
  { maxConversations, expiryMs }: ConversationBounds,
  now: number,
): string[] {
  const kept = times.filter(([, usedAt]) => usedAt + expiryMs > now).slice(-maxConversations);
  const keptNames = new Set(kept.map(([name]) => name));
  return times.flatMap(([name]) => (keptNames.has(name) ? [] : [name]));
}

function isEntry(entry: unknown): boolean {
  return Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "number";
}
