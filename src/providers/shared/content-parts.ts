import type { ChatMessage } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { guessMediaType, normaliseMediaType } from "../../core/media-types.js";

/** A file's bytes inside the request. */
export interface InlineData {
  /** In lower case, without parameters: `image/png`. */
  mediaType: string;
  base64: string;
}

/**
 * One part of a message's content, read from any of the forms that Chat Completions has for it. `raw` is the part as the
 * author wrote it, for fields that only one service knows (`cache_control`).
 */
export type ContentPart = { raw: Readonly<Record<string, unknown>> } & (
  | { kind: "text"; text: string }
  /** Has either a web address or the bytes. */
  | { kind: "image"; url?: string; data?: InlineData }
  /** Has a web address, the id of a file stored at the service, or the bytes. */
  | { kind: "file"; name?: string; url?: string; id?: string; data?: InlineData }
  | { kind: "audio"; data: InlineData }
  | { kind: "video"; url?: string; data?: InlineData }
  /** A type that Chat Completions does not have, possibly the service's own; `""` if the part has no type. */
  | { kind: "other"; type: string }
);

/** Media types of audio formats whose type is not `audio/<format>`. */
const AUDIO_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    mp3: "audio/mpeg",
    m4a: "audio/mp4",
    opus: "audio/ogg",
  }),
);

/**
 * Reads a message's content: a text, one part, a list of both, or null (no parts).
 * @param place where the author finds the message, for errors: "Message 3"
 * @throws Failure `invalid_request` that begins with the place, for content in no known form
 */
export function readContentParts(message: ChatMessage, place: string): ContentPart[] {
  const { content } = message;
  if (content === undefined || content === null) return [];
  const list = Array.isArray(content) ? content : [content];
  return list.map((part: unknown) => readPart(part, place));
}

function readPart(part: unknown, place: string): ContentPart {
  if (typeof part === "string") return { kind: "text", text: part, raw: { type: "text", text: part } };
  if (!isObject(part)) {
    throw new Failure(
      "invalid_request",
      `${place} has content that is neither a text nor a list of content parts. Make it one of them.`,
    );
  }
  const raw = part;
  const type = typeof raw["type"] === "string" ? raw["type"] : "text" in raw ? "text" : "";
  const inner = raw[type];
  switch (type) {
    case "text":
    case "input_text":
    case "output_text":
      return { kind: "text", text: readText(raw["text"], place), raw };
    case "refusal":
      return { kind: "text", text: readText(inner, place), raw };
    case "image_url":
    case "input_image":
      return {
        kind: "image",
        ...readLocation(isObject(inner) ? inner["url"] : (inner ?? raw["image_url"]), type, place),
        raw,
      };
    case "video_url":
      return { kind: "video", ...readLocation(isObject(inner) ? inner["url"] : inner, type, place), raw };
    case "input_audio":
      return { kind: "audio", data: readAudio(inner, place), raw };
    case "audio_url": {
      const { data } = readLocation(isObject(inner) ? inner["url"] : inner, type, place);
      return data ? { kind: "audio", data, raw } : { kind: "other", type, raw };
    }
    case "file":
    case "input_file":
      return { kind: "file", ...readFile(isObject(inner) ? inner : raw, place), raw };
    default:
      return { kind: "other", type, raw };
  }
}

function readText(value: unknown, place: string): string {
  if (typeof value === "string") return value;
  throw new Failure("invalid_request", `${place} has a text part without a text. Add the text.`);
}

function readLocation(url: unknown, type: string, place: string): { url?: string; data?: InlineData } {
  if (typeof url !== "string" || url === "") {
    throw new Failure("invalid_request", `${place} has a part of type ${type} without a URL. Add one.`);
  }
  if (/^https?:/i.test(url)) return { url };
  const data = parseDataUrl(url);
  if (data) return { data };
  throw new Failure(
    "invalid_request",
    `${place} has a part of type ${type} whose URL is neither http, https nor data. Use one of these.`,
  );
}

function readAudio(audio: unknown, place: string): InlineData {
  const [data, format] = isObject(audio) ? [audio["data"], audio["format"]] : [];
  if (typeof data !== "string" || data === "") {
    throw new Failure(
      "invalid_request",
      `${place} has an audio part without data. Set its field data to base64 text.`,
    );
  }
  const inline = parseDataUrl(data);
  if (inline) return inline;
  const name = typeof format === "string" && format !== "" ? format.toLowerCase() : "wav";
  return { mediaType: normaliseMediaType(AUDIO_TYPES.get(name) ?? `audio/${name}`, data), base64: data };
}

function readFile(
  file: Record<string, unknown>,
  place: string,
): Omit<Extract<ContentPart, { kind: "file" }>, "kind" | "raw"> {
  const { file_data: data, file_id: id, file_url: url, filename } = file;
  const name = typeof filename === "string" && filename !== "" ? { name: filename } : {};
  if (typeof data === "string" && data !== "") {
    // A file without a name is a PDF: OpenAI documents no other files.
    const mediaType = name.name
      ? (guessMediaType(name.name) ?? "application/octet-stream")
      : "application/pdf";
    return { ...name, data: parseDataUrl(data) ?? { mediaType, base64: data } };
  }
  if (typeof id === "string" && id !== "") return { ...name, id };
  if (typeof url === "string" && /^https?:/i.test(url)) return { ...name, url };
  throw new Failure(
    "invalid_request",
    `${place} has a file part without file_data, file_id or file_url. Set one of them.`,
  );
}

/** Parses a data URL (RFC 2397); undefined for any other URL. */
function parseDataUrl(url: string): InlineData | undefined {
  const comma = url.indexOf(",");
  const head = /^data:([^;,]*)((?:;[^;,]*)*)$/i.exec(url.slice(0, Math.max(comma, 0)));
  if (!head) return undefined;
  const data = url.slice(comma + 1);
  const mediaType = normaliseMediaType(head[1]!, data) || "text/plain";
  if (/;\s*base64$/i.test(head[2]!)) return { mediaType, base64: data };
  try {
    return { mediaType, base64: Buffer.from(decodeURIComponent(data)).toString("base64") };
  } catch {
    return undefined;
  }
}

/** Describes a part for an error message, as the object of "cannot take". */
export function describePart(part: ContentPart): string {
  if (part.kind !== "other") return part.kind === "image" ? "an image" : `a part of type ${part.kind}`;
  return part.type === "" ? "a content part without a type" : `a content part of type ${part.type}`;
}
