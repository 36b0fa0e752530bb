import type { ChatMessage } from "../../core/chat/chunk.js";
import {
  GEMINI_PARTS,
  GEMINI_REASONING,
  readEchoParts,
  readThoughtSignature,
} from "../../core/chat/vendor-echo.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { guessMediaType } from "../../core/media-types.js";
import { type ContentPart, describePart, readContentParts } from "../shared/content-parts.js";
import { joinText, readAnswerText, requireText } from "../shared/message-text.js";
import { CallNames, type PastCall, readPastCalls } from "../shared/past-calls.js";
import { createEmptyPromptFailure, createUnsupportedFailure } from "../shared/unsupported.js";

/** The service's name in error messages. */
export const GEMINI_NAME = "Gemini";

type GeminiPart = Record<string, unknown>;

/** Whether a model is newer than version 2.5. Such models refuse tool calls without a signature. */
export function isNewer(model: string): boolean {
  return !/gemini-([12]\b|robotics-er-1\b)/.test(model);
}

/** Models that take no instruction but that of the user (@ai-sdk/google 4.0.121). */
const GEMMA = /(?:^|\/)gemma-/i;

/** Replaces the signature of a call that another service's model made (Gemini API, "Thought signatures"). */
const PLACEHOLDER_SIGNATURE = "skip_thought_signature_validator";

interface Content {
  role: "user" | "model";
  parts: GeminiPart[];
}

/**
 * Translates a conversation of Chat Completions into Gemini's `contents` (Gemini API reference, "Content"). System
 * messages become a field of their own, consecutive tool results become one content and carry the tools' names, and each
 * thought signature returns with the part that it came with.
 * @throws Failure `invalid_request` that names what cannot be sent, and in which message
 */
export function buildGeminiContents(
  messages: readonly ChatMessage[],
  model: string,
): Record<string, unknown> {
  const system: GeminiPart[] = [];
  const contents: Content[] = [];
  const names = new CallNames();
  let followsResult = false;
  for (const [index, message] of messages.entries()) {
    const place = `Message ${index}`;
    const { role } = message;
    const isResult = role === "tool" || role === "function";
    if (role === "system" || role === "developer")
      system.push({ text: requireText(GEMINI_NAME, message, place) });
    else if (role === "assistant") {
      const calls = readPastCalls(GEMINI_NAME, message, place);
      names.add(calls);
      const parts = buildAnswerParts(message, calls, place);
      if (isNewer(model)) signFirstCall(parts);
      addContent(contents, "model", parts);
    } else if (role === "user") {
      const parts = readContentParts(message, place).map((part) => buildPart(part, place));
      addContent(contents, "user", parts);
    } else if (isResult) {
      const part = buildResultPart(message, names.find(message, place), model, place);
      if (followsResult) contents.at(-1)!.parts.push(part);
      else addContent(contents, "user", [part]);
    } else throw createUnsupportedFailure(GEMINI_NAME, `the role "${role}" (${place})`);
    followsResult = isResult;
  }
  if (contents.length === 0) throw createEmptyPromptFailure(GEMINI_NAME);
  if (system.length === 0) return { contents };
  if (!GEMMA.test(model)) return { systemInstruction: { parts: system }, contents };
  if (contents[0]!.role === "user") contents[0]!.parts.unshift(...system);
  else contents.unshift({ role: "user", parts: system });
  return { contents };
}

function addContent(contents: Content[], role: Content["role"], parts: GeminiPart[]): void {
  if (parts.length > 0) contents.push({ role, parts });
}

function buildAnswerParts(message: ChatMessage, calls: readonly PastCall[], place: string): GeminiPart[] {
  const text = readAnswerText(GEMINI_NAME, message, place);
  const signature = findTextSignature(message);
  const parts: GeminiPart[] = text === "" && signature === undefined ? [] : [{ text }];
  if (signature !== undefined) parts[0]!["thoughtSignature"] = signature;
  // Code that the model ran comes before the text, which reports the result.
  parts.unshift(...readEchoParts(message, GEMINI_PARTS));
  const images = message["images"];
  for (const image of Array.isArray(images) ? images.filter(isObject) : []) {
    const [part] = readContentParts({ role: "assistant", content: [image] }, place);
    parts.push({ ...buildPart(part!, place), ...pickSignature(image) });
  }
  for (const { id, name, arguments: args, raw } of calls) {
    parts.push({ functionCall: { ...(id === "" ? {} : { id }), name, args }, ...pickSignature(raw) });
  }
  return parts;
}

/** Signs the first of the calls that were made together, as Gemini does. */
function signFirstCall(parts: readonly GeminiPart[]): void {
  const first = parts.find((part) => part["functionCall"]);
  if (first) first["thoughtSignature"] ??= PLACEHOLDER_SIGNATURE;
}

/** Picks the signature that a tool call or an image carries. */
function pickSignature(carrier: Readonly<Record<string, unknown>>): GeminiPart {
  const signature = readThoughtSignature(carrier);
  return signature === undefined ? {} : { thoughtSignature: signature };
}

/** Finds the signature of an answer's text; of several, the last. */
function findTextSignature(message: ChatMessage): string | undefined {
  const details = message["reasoning_details"];
  if (!Array.isArray(details)) return undefined;
  const signatures = details.filter(isObject).filter(({ format, data }) => {
    return format === GEMINI_REASONING && typeof data === "string";
  });
  return signatures.at(-1)?.["data"] as string | undefined;
}

/**
 * Builds the part with a tool's result. Models after version 2.5 take pictures and files in it (@google/genai 3.3,
 * `FunctionResponse.parts`).
 */
function buildResultPart(message: ChatMessage, name: string, model: string, place: string): GeminiPart {
  const content = readContentParts(message, place);
  const text = isNewer(model) ? joinText(content) : requireText(GEMINI_NAME, message, place);
  const media = content.filter(({ kind }) => kind !== "text").map((part) => buildPart(part, place));
  const value = tryParseJson(text);
  const id = message["tool_call_id"];
  // Gemini takes only an object as a result.
  const response = isObject(value) ? value : { result: value ?? text };
  return {
    functionResponse: {
      ...(typeof id === "string" && id !== "" ? { id } : {}),
      name,
      response,
      ...(media.length > 0 ? { parts: media } : {}),
    },
  };
}

function buildPart(part: ContentPart, place: string): GeminiPart {
  if (part.kind === "text") return { text: part.text };
  if (part.kind === "other") {
    // Gemini's own parts have no type: `{"fileData": …}`, `{"inlineData": …, "videoMetadata": …}`.
    if (part.type === "") return { ...part.raw };
    throw createUnsupportedFailure(GEMINI_NAME, `${describePart(part)} (${place})`);
  }
  if (part.data) return { inlineData: { mimeType: part.data.mediaType, data: part.data.base64 } };
  if (part.kind === "audio")
    throw createUnsupportedFailure(GEMINI_NAME, `audio without data (${place})`, "Send its bytes.");
  if (part.url !== undefined) return buildFileData(part.url);
  if (part.kind === "file" && part.id !== undefined && /^https?:/.test(part.id))
    return buildFileData(part.id);
  throw createUnsupportedFailure(
    GEMINI_NAME,
    `a file by its id (${place})`,
    "Send the address that Gemini returned for the upload as file_url, or the bytes as file_data.",
  );
}

/** Builds a part that Gemini fetches from a URL, with the media type if the URL tells it. */
function buildFileData(url: string): GeminiPart {
  const mimeType = guessMediaType(url);
  return { fileData: { ...(mimeType ? { mimeType } : {}), fileUri: url } };
}
