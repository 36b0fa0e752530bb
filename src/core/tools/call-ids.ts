import type { ChatMessage } from "../chat/chunk.js";
import { isObject } from "../json/parse.js";

/** Ids that OpenAI and Azure take (an error of theirs names the limit of 40 characters); others take them too. */
export const USUAL_CALL_ID: RegExp = /^[\x21-\x7e]{1,40}$/;

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Length of an id that is made here. Mistral takes exactly this many letters and digits. */
const ID_CHARS = 9;

/**
 * Replaces ids of tool calls that a service would refuse, in calls and results alike. A conversation may have begun at
 * another service, whose ids have another form. The same id is replaced by the same one in every request.
 * @param accepted the form of the ids that the service takes
 */
export function replaceCallIds(messages: readonly ChatMessage[], accepted: RegExp): readonly ChatMessage[] {
  const replaced = new Map<string, string>();
  const replace = (id: unknown): unknown => {
    if (typeof id !== "string" || accepted.test(id)) return id;
    if (!replaced.has(id)) replaced.set(id, createUnusedId(id, replaced));
    return replaced.get(id);
  };
  const replaceIn = (call: unknown): unknown =>
    isObject(call) ? { ...call, id: replace(call["id"]) } : call;
  const isRefused = (id: unknown): boolean => typeof id === "string" && !accepted.test(id);
  return messages.map((message) => {
    const { tool_calls: calls, tool_call_id: id } = message;
    const hasRefused = Array.isArray(calls) && calls.some((call) => isObject(call) && isRefused(call["id"]));
    // Most messages stay as they are, and are not read twice: a conversation can be long.
    if (!hasRefused && !isRefused(id)) return message;
    return {
      ...message,
      ...(hasRefused && { tool_calls: calls.map(replaceIn) }),
      ...(id !== undefined && { tool_call_id: replace(id) }),
    };
  });
}

function createUnusedId(id: string, replaced: ReadonlyMap<string, string>): string {
  const used = new Set(replaced.values());
  for (let salt = 0; ; salt++) {
    const candidate = createShortId(`${salt}${id}`);
    if (!used.has(candidate)) return candidate;
  }
}

/** Makes letters and digits of a text: two 32-bit FNV-1a hashes of it, from both ends. Not for secrets. */
function createShortId(text: string): string {
  const digits =
    `${hash(text)}`.padStart(10, "0") + `${hash([...text].reverse().join(""))}`.padStart(10, "0");
  let rest = BigInt(digits);
  let id = "";
  for (let at = 0; at < ID_CHARS; at++) {
    id += DIGITS[Number(rest % 62n)];
    rest /= 62n;
  }
  return id;
}

function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  return state >>> 0;
}
