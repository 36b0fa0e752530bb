import type { ChatMessage } from "../../core/chat/chunk.js";
import {
  GEMINI_PARTS,
  GEMINI_REASONING,
  readEchoParts,
  readThoughtSignature,
} from "../../core/chat/vendor-echo.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { type ContentPart, describePart, guessMediaType, readContentParts } from "../shared/content-parts.js";
import { readAnswerText, requireText } from "../shared/message-text.js";
import { CallNames, type PastCall, readPastCalls } from "../shared/past-calls.js";
import { createEmptyPromptFailure, createUnsupportedFailure } from "../shared/unsupported.js";

/** How error messages call the service. */
export const GEMINI_NAME = "Gemini";

type GeminiPart = Record<string, unknown>;

/** Up to version 2.5 models want no signatures back. */
function isEarlier(model: string): boolean {
  return /gemini-([12]\b|robotics-er-1\b)/.test(model);
}

/** Stands for a signature that never was: calls of another service's model (Gemini API, "Thought signatures"). */
const UNSIGNED = "skip_thought_signature_validator";

interface Content {
  role: "user" | "model";
  parts: GeminiPart[];
}

/**
 * A conversation of Chat Completions as Gemini's `contents` (Gemini API reference, "Content"): what the system says
 * stands apart, results of tools that were called together come together and under the tools' names, and each thought
 * signature goes back with what it came with.
 * @throws Failure `invalid_request` that names what cannot be sent
 */
export function buildGeminiContents(
  messages: readonly ChatMessage[],
  model: string,
): Record<string, unknown> {
  const system: GeminiPart[] = [];
  const contents: Content[] = [];
  const names = new CallNames();
  let answering = false;
  for (const [at, message] of messages.entries()) {
    const place = `Message ${at}`;
    const { role } = message;
    const isResult = role === "tool" || role === "function";
    if (role === "system" || role === "developer")
      system.push({ text: requireText(GEMINI_NAME, message, place) });
    else if (role === "assistant") {
      const calls = readPastCalls(GEMINI_NAME, message, place);
      names.add(calls);
      const parts = answerParts(message, calls, place);
      if (!isEarlier(model)) signFirstCall(parts);
      add(contents, "model", parts);
    } else if (role === "user")
      add(
        contents,
        "user",
        readContentParts(message, place).map((part) => partOf(part, place)),
      );
    else if (isResult) {
      const part = resultPart(message, names.find(message, place), place);
      if (answering) contents.at(-1)!.parts.push(part);
      else add(contents, "user", [part]);
    } else throw createUnsupportedFailure(GEMINI_NAME, `the role "${role}" (${place})`);
    answering = isResult;
  }
  if (contents.length === 0) throw createEmptyPromptFailure(GEMINI_NAME);
  return { ...(system.length > 0 ? { systemInstruction: { parts: system } } : {}), contents };
}

function add(contents: Content[], role: Content["role"], parts: GeminiPart[]): void {
  if (parts.length > 0) contents.push({ role, parts });
}

function answerParts(message: ChatMessage, calls: readonly PastCall[], place: string): GeminiPart[] {
  const text = readAnswerText(GEMINI_NAME, message, place);
  const signature = signatureOf(message);
  const parts: GeminiPart[] = text === "" && signature === undefined ? [] : [{ text }];
  if (signature !== undefined) parts[0]!["thoughtSignature"] = signature;
  // What it has run and what it said of that stand together: it ran the code to say it.
  parts.unshift(...readEchoParts(message, GEMINI_PARTS));
  const images = message["images"];
  for (const image of Array.isArray(images) ? images.filter(isObject) : []) {
    const [part] = readContentParts({ role: "assistant", content: [image] }, place);
    parts.push({ ...partOf(part!, place), ...signed(image) });
  }
  for (const { id, name, arguments: args, raw } of calls) {
    parts.push({ functionCall: { ...(id === "" ? {} : { id }), name, args }, ...signed(raw) });
  }
  return parts;
}

/** Of calls that were made together, the first is signed for all; later models refuse a turn without. */
function signFirstCall(parts: readonly GeminiPart[]): void {
  const first = parts.find((part) => part["functionCall"]);
  if (first) first["thoughtSignature"] ??= UNSIGNED;
}

function signed(carrier: Readonly<Record<string, unknown>>): GeminiPart {
  const signature = readThoughtSignature(carrier);
  return signature === undefined ? {} : { thoughtSignature: signature };
}

/** The signature of an answer's text: the last, where more came. */
function signatureOf(message: ChatMessage): string | undefined {
  const details = message["reasoning_details"];
  if (!Array.isArray(details)) return undefined;
  const own = details.filter(isObject).filter(({ format, data }) => {
    return format === GEMINI_REASONING && typeof data === "string";
  });
  return own.at(-1)?.["data"] as string | undefined;
}

function resultPart(message: ChatMessage, name: string, place: string): GeminiPart {
  const text = requireText(GEMINI_NAME, message, place);
  const value = tryParseJson(text);
  const id = message["tool_call_id"];
  // An object stands for itself; anything else gets a name, for the service takes objects alone.
  const response = isObject(value) ? value : { result: value ?? text };
  return { functionResponse: { ...(typeof id === "string" && id !== "" ? { id } : {}), name, response } };
}

function partOf(part: ContentPart, place: string): GeminiPart {
  if (part.kind === "text") return { text: part.text };
  if (part.kind === "other") {
    // The author writes Gemini's own part: `{"fileData": …}`, `{"inlineData": …, "videoMetadata": …}`.
    if (part.type === "") return { ...part.raw };
    throw createUnsupportedFailure(GEMINI_NAME, `${describePart(part)} (${place})`);
  }
  if (part.data) return { inlineData: { mimeType: part.data.mediaType, data: part.data.base64 } };
  if (part.kind === "audio") throw createUnsupportedFailure(GEMINI_NAME, `audio without data (${place})`);
  if (part.url !== undefined) return fileData(part.url);
  if (part.kind === "file" && part.id !== undefined && /^https?:/.test(part.id)) return fileData(part.id);
  throw createUnsupportedFailure(
    GEMINI_NAME,
    `a file by its id (${place})`,
    "Give the address that it got when it was uploaded as file_url, or send its bytes as file_data.",
  );
}

/** The service wants to know what it is to fetch. */
function fileData(url: string): GeminiPart {
  const mimeType = guessMediaType(url);
  return { fileData: { ...(mimeType ? { mimeType } : {}), fileUri: url } };
}
