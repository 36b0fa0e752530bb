import { isObject } from "../../core/json/parse.js";
import type { Message, Parts } from "../red/api.js";

/**
 * What belongs to one stream or to one request and so does not ride along: the request's own fields (forty turns
 * of history on each of a thousand messages), and what an earlier stream's messages say of themselves.
 */
const NOT_INHERITED: ReadonlySet<string> = new Set([
  "payload",
  "parts",
  "messages",
  "model",
  "tools",
  "options",
  "conversation",
  "chunk",
  "partial",
  "complete",
  "finishReason",
  "usage",
  "stats",
  "rounds",
  "job",
  "request",
  "response",
  "error",
  "reset",
  "cancel",
  "flush",
  "createJob",
  "completeJob",
  // Own property of what was parsed from a hostile text; to assign it would change the copy's prototype.
  "__proto__",
]);

/** The way back to the `link call` nodes that a message came by (`60-link.js`). */
export const LINK_SOURCE = "_linkSource";

/** Deepest nesting of sequences that is kept: `split` within `split`. */
const MAX_PARTS_DEPTH = 16;

/**
 * The properties of a message that ride along on every message of the stream it asks for.
 * @param unreadable gets the names of those whose getter throws; they stay behind
 */
export function inheritProperties(message: Message, unreadable: string[] = []): Message {
  const kept: Message = {};
  for (const key of Object.keys(message)) {
    if (NOT_INHERITED.has(key)) continue;
    try {
      kept[key] = key === LINK_SOURCE ? copyLinkSource(message[key]) : message[key];
    } catch {
      unreadable.push(key);
    }
  }
  return kept;
}

/** A message without the marks of the stream it was the last of; its place in an outer sequence is restored. */
export function dropStreamProperties(message: Message): Message {
  const kept = inheritProperties(message);
  const outer = copyParts(message.parts?.parts);
  if (outer) kept.parts = outer;
  return kept;
}

/** Each message its own: core's `link out` takes the last entry out of the list that it gets. */
export function copyLinkSource(links: unknown): unknown {
  return Array.isArray(links) ? [...(links as unknown[])] : links;
}

/** Each message its own: core's `join` and `batch` write into the parts that they get. */
export function copyParts(parts: unknown, depth = 0): Parts | undefined {
  if (!isObject(parts) || depth === MAX_PARTS_DEPTH) return undefined;
  const { parts: outer, ...own } = parts as unknown as Parts;
  const copy = copyParts(outer, depth + 1);
  return copy ? { ...own, parts: copy } : own;
}
