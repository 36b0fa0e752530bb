import { isObject } from "../../core/json/parse.js";
import type { Message, Parts } from "../red/api.js";

/**
 * Properties that belong to one request or one stream, so later messages do not inherit them: the request's fields (else
 * each of a thousand messages carries forty turns of history) and what messages of an earlier stream say about it.
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
  "cost",
  "stats",
  "rounds",
  "steered",
  "job",
  "request",
  "resume",
  "response",
  "error",
  "reset",
  "cancel",
  "flush",
  "createJob",
  "completeJob",
  // JSON from a hostile source can have it as an own property. Assigning it would change the copy's prototype.
  "__proto__",
]);

/** Core's list of the `link call` nodes that a message has to return to (`60-link.js`). */
export const LINK_SOURCE = "_linkSource";

/** Nested sequences (`split` within `split`) that are kept in `msg.parts`. */
const MAX_PARTS_DEPTH = 16;

/**
 * Copies the properties that every message of a stream inherits from the message that asked for it. The copy is shallow.
 * @param unreadable gets the names of properties whose getter throws; they are not copied
 */
export function inheritProperties(message: Message, unreadable: string[] = []): Message {
  const inherited: Message = {};
  for (const key of Object.keys(message)) {
    if (NOT_INHERITED.has(key)) continue;
    try {
      inherited[key] = key === LINK_SOURCE ? copyLinkSource(message[key]) : message[key];
    } catch {
      unreadable.push(key);
    }
  }
  return inherited;
}

/** Copies a message without the properties of its stream, and restores its place in the outer sequence (`msg.parts`). */
export function dropStreamProperties(message: Message): Message {
  const inherited = inheritProperties(message);
  const outer = copyParts(message.parts?.parts);
  if (outer) inherited.parts = outer;
  return inherited;
}

/** Copies the list of `link call` nodes. Each message needs its own: core's `link out` removes the last entry in place. */
export function copyLinkSource(links: unknown): unknown {
  return Array.isArray(links) ? [...(links as unknown[])] : links;
}

/** Copies `msg.parts`. Each message needs its own: core's `join` and `batch` write into it. */
export function copyParts(parts: unknown, depth = 0): Parts | undefined {
  if (!isObject(parts) || depth === MAX_PARTS_DEPTH) return undefined;
  const { parts: outer, ...own } = parts as unknown as Parts;
  const copy = copyParts(outer, depth + 1);
  return copy ? { ...own, parts: copy } : own;
}
