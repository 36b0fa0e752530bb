import type { ChatMessage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import { type ContentPart, describePart, readContentParts } from "../shared/content-parts.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";
import { USE_CHAT_ADVICE } from "./traits.js";

/** A content part as Responses has it. */
export type WirePart = Record<string, unknown>;

/** Content parts that are in the form of Responses already. */
const OWN_PARTS: ReadonlySet<unknown> = new Set(["input_text", "input_image", "input_file"]);

/** The file name of bytes without one: OpenAI takes no file without a name. */
const DEFAULT_FILE_NAME = "file.pdf";

/**
 * Translates the content of a message that the model reads (OpenAI API reference, "Create a model response", `input`).
 * @throws Failure `invalid_request` for content that Responses has no form for
 */
export function buildInputParts(service: string, message: ChatMessage, place: string): WirePart[] {
  const { content } = message;
  const list = Array.isArray(content) ? content : content === undefined || content === null ? [] : [content];
  return list.flatMap((part: unknown) =>
    isObject(part) && OWN_PARTS.has(part["type"])
      ? [part]
      : readContentParts({ ...message, content: [part] }, place).map((read) =>
          addBreakpoint(buildInputPart(service, read, place), read.raw),
        ),
  );
}

/** Keeps the mark of a part that ends what the service is to cache (openai 7.59, `ChatCompletionContentPartText`). */
function addBreakpoint(part: WirePart, { prompt_cache_breakpoint: mark }: ContentPart["raw"]): WirePart {
  return mark ? { ...part, prompt_cache_breakpoint: mark } : part;
}

function buildInputPart(service: string, part: ContentPart, place: string): WirePart {
  switch (part.kind) {
    case "text":
      return { type: "input_text", text: part.text };
    case "image":
      return { type: "input_image", image_url: buildUrl(part), ...readDetail(part.raw) };
    case "file":
      return buildFile(part);
    default:
      throw createUnsupportedFailure(service, `${describePart(part)} (${place})`, USE_CHAT_ADVICE);
  }
}

function buildUrl({ url, data }: Extract<ContentPart, { kind: "image" }>): string {
  return data ? `data:${data.mediaType};base64,${data.base64}` : url!;
}

/** Reads how closely the model is to look at an image. */
function readDetail(raw: ContentPart["raw"]): WirePart {
  const image = raw["image_url"];
  const detail = (isObject(image) ? image["detail"] : undefined) ?? raw["detail"];
  return detail === undefined || detail === null ? {} : { detail };
}

function buildFile({ id, url, data, name }: Extract<ContentPart, { kind: "file" }>): WirePart {
  if (id !== undefined) return { type: "input_file", file_id: id };
  if (url !== undefined) return { type: "input_file", file_url: url };
  const file_data = `data:${data!.mediaType};base64,${data!.base64}`;
  return { type: "input_file", filename: name ?? DEFAULT_FILE_NAME, file_data };
}
