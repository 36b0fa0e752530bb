import type { AudioDelta, Delta } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import { toText } from "../wire-values.js";
import { readReasoningText } from "./reasoning.js";

type Part = Record<string, unknown>;

/** Types of parts that are dropped: they only say where a text comes from, without an address (Mistral). */
const DROPPED_TYPES: ReadonlySet<unknown> = new Set(["reference"]);

/**
 * Spreads the parts of a content list over the delta's fields. Texts become `content`, thoughts `reasoning_content`
 * (Mistral API reference, "Chat Completion"), refusals `refusal`, pictures `images`, sound `audio`. Everything else that is
 * not text, such as a file, becomes an entry of `content_parts`.
 * @returns whether there are thoughts among the parts
 */
export function spreadParts(delta: Delta, parts: readonly unknown[]): boolean {
  let text = "";
  let thinking = "";
  for (const part of parts) {
    if (typeof part === "string") text += part;
    if (!isObject(part)) continue;
    if (isThought(part)) thinking += readReasoningText(part);
    else text += readText(part);
    addOtherContent(delta, part);
  }
  delta.content = text;
  if (thinking) delta.reasoning_content ||= thinking;
  return thinking !== "";
}

function isThought({ type, thinking }: Part): boolean {
  return thinking !== undefined || /reason|think|thought/.test(toText(type));
}

/** Reads the text of a part: a string, or an object with a `value` (OpenAI Assistants). */
function readText({ text }: Part): string {
  return toText(isObject(text) ? text["value"] : text);
}

/** Adds what a part has beside text. */
function addOtherContent(delta: Delta, part: Part): void {
  const kind = findKind(part);
  if (kind === "image") appendTo(delta, "images", [toImagePart(part)]);
  else if (kind === "audio") delta.audio = { ...delta.audio, ...readAudio(part) };
  else if (kind === "refusal") delta.refusal = toText(delta.refusal) + toText(part["refusal"]);
  else if (kind === "other") appendTo(delta, "content_parts", [part]);
  const { text } = part;
  const annotations = part["annotations"] ?? (isObject(text) ? text["annotations"] : undefined);
  if (Array.isArray(annotations) && annotations.length > 0) appendTo(delta, "annotations", annotations);
}

/** Which content a part has beside text; `none` for a part that is text or a thought. */
function findKind(part: Part): "image" | "audio" | "refusal" | "other" | "none" {
  const type = toText(part["type"]);
  const names = [type, ...Object.keys(part)];
  if (isThought(part) || DROPPED_TYPES.has(type)) return "none";
  if (names.some((name) => /image|picture/i.test(name))) return "image";
  if (names.some((name) => /audio|sound/i.test(name))) return "audio";
  if (typeof part["refusal"] === "string") return "refusal";
  const isText = readText(part) !== "" || /^(?:(?:in|out)put_)?text(?:_delta)?$/.test(type);
  const hasNothing = Object.entries(part).every(([name, value]) => name === "type" || value === null);
  return isText || hasNothing ? "none" : "other";
}

/** Writes a picture as a part of Chat Completions, from any of the forms in which services send bytes or an address. */
function toImagePart(part: Part): Part {
  if (isObject(part["image_url"]) && typeof part["image_url"]["url"] === "string") return part;
  const holders = [
    part,
    part["image_url"],
    part["image"],
    part["source"],
    part["inline_data"],
    part["inlineData"],
  ];
  const address = findText(holders, ["url", "image_url"]);
  if (address !== "") return { type: "image_url", image_url: { url: address } };
  const data = findText(holders, ["b64_json", "data", "base64", "image", "result"]);
  if (data === "") return part;
  if (/^(?:https?|data):/i.test(data)) return { type: "image_url", image_url: { url: data } };
  const mediaType = findText(holders, ["media_type", "mime_type", "mimeType"]) || "image/png";
  return { type: "image_url", image_url: { url: `data:${mediaType};base64,${data}` } };
}

/** Reads the sound of a part: the fields of the object that has its bytes or its address. */
function readAudio(part: Part): AudioDelta {
  const inner = Object.entries(part).find(
    ([name, value]) => /audio|sound|source|inline/i.test(name) && isObject(value),
  );
  const { type: _type, ...fields } = inner ? (inner[1] as Part) : part;
  return fields;
}

/** Finds the first text that is not empty in a field with one of these names. */
function findText(holders: readonly unknown[], names: readonly string[]): string {
  for (const holder of holders) {
    if (!isObject(holder)) continue;
    for (const name of names) if (toText(holder[name]) !== "") return toText(holder[name]);
  }
  return "";
}

function appendTo(delta: Delta, field: string, added: readonly unknown[]): void {
  const known = delta[field];
  delta[field] = Array.isArray(known) ? [...(known as unknown[]), ...added] : added;
}
