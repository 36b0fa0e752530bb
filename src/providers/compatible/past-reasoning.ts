import type { ChatMessage } from "../../core/chat/chunk.js";
import { isReasoningField, omitFields, type ReasoningPlace } from "../../core/chat/vendor-echo.js";
import { isObject } from "../../core/json/parse.js";

/** The field in which this package keeps the reasoning of an answer. */
const OWN_FIELD = "reasoning_content";

/** How a service takes the reasoning of earlier answers back. */
export interface ReasoningRules {
  /** Where it takes reasoning back; undefined if it has not shown that yet. */
  place?: ReasoningPlace | undefined;
  /** Whether it refuses any reasoning. */
  refuses?: boolean | undefined;
  /** Whether every answer of a turn with tool calls needs the field, even without reasoning. */
  needsField?: boolean | undefined;
}

/**
 * Puts the reasoning of earlier answers where the service wants it. A service may refuse a field that another one needs, or
 * drop it silently, so that the model loses its thoughts between tool calls.
 */
export function placeReasoning(
  messages: readonly ChatMessage[],
  { place = OWN_FIELD, refuses, needsField }: ReasoningRules,
): readonly ChatMessage[] {
  if (refuses) return messages.map((message) => (isAnswer(message) ? dropReasoning(message) : message));
  const placed =
    place === OWN_FIELD
      ? messages
      : messages.map((message) => (isAnswer(message) ? moveReasoning(message, place) : message));
  return needsField && place === OWN_FIELD ? addMissingFields(placed) : placed;
}

function isAnswer(message: ChatMessage): boolean {
  return isObject(message) && message.role === "assistant";
}

function moveReasoning(message: ChatMessage, place: ReasoningPlace): ChatMessage {
  const reasoning = message[OWN_FIELD];
  if (typeof reasoning !== "string") return message;
  const moved = omitFields(message, [OWN_FIELD]);
  if (reasoning === "") return moved;
  if (typeof place !== "string") {
    const text = message.content ?? "";
    return typeof text === "string"
      ? { ...moved, content: place.open + reasoning + place.close + text }
      : moved;
  }
  const [field = "", inner] = place.split(".");
  // A message that comes from elsewhere may name no other field than one with reasoning.
  if (!isReasoningField(field)) return moved;
  const known = moved[field];
  if (inner !== undefined) moved[field] = { ...(isObject(known) ? known : {}), [inner]: reasoning };
  else if (known === undefined) moved[field] = reasoning;
  return moved;
}

function dropReasoning(message: ChatMessage): ChatMessage {
  const fields = Object.keys(message).filter(isReasoningField);
  return fields.length > 0 ? omitFields(message, fields) : message;
}

/** Adds an empty field to the answers that lack it, in each turn with tool calls. A turn begins with a user's message. */
function addMissingFields(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const turns: { hasCalls: boolean }[] = [];
  const turnOf = messages.map((message) => {
    if (message.role === "user" || turns.length === 0) turns.push({ hasCalls: false });
    const turn = turns.at(-1)!;
    turn.hasCalls ||= hasCalls(message);
    return turn;
  });
  return messages.map((message, at) => {
    const lacksField = isAnswer(message) && turnOf[at]!.hasCalls && typeof message[OWN_FIELD] !== "string";
    return lacksField ? { ...message, [OWN_FIELD]: "" } : message;
  });
}

function hasCalls({ tool_calls: calls }: ChatMessage): boolean {
  return Array.isArray(calls) && calls.length > 0;
}

/** Matches the names of fields with reasoning, in an error that names a field of a message. */
const NAMES_FIELD =
  /\b(?:reasoning_(?:content|details|text)|thinking_blocks)\b|\bmessages\b.{0,40}\b(?:reasoning|thinking)\b/is;

const REFUSES =
  /\bnot (?:be )?(?:supported|allowed|permitted|expected|recogni[sz]ed|accepted|valid)\b|unsupported|unexpected|unknown|unrecogni[sz]ed|\bextra[ _](?:inputs?|fields?|forbidden)|additional propert|forbidden|does not (?:support|accept|allow)/i;

const NEEDS =
  /\bmissing\b|\black(?:s|ing)?\b|\brequire[sd]?\b|\bmust\b|\bneed(?:s|ed)?\b|\bpassed back\b|\bwithout\b/i;

/** Reads from a refusal whether the service refuses reasoning or needs it; undefined if the refusal is not about reasoning. */
export function readReasoningRefusal(body: string): "refuses" | "needs" | undefined {
  if (!NAMES_FIELD.test(body)) return undefined;
  if (REFUSES.test(body)) return "refuses";
  return NEEDS.test(body) ? "needs" : undefined;
}
