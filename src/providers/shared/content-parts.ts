import type { ChatMessage } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";

/** Bytes that stand in the request itself. */
export interface InlineData {
  /** In lower case and without parameters, `image/png`. */
  mediaType: string;
  base64: string;
}

/**
 * A part of a message's content, told from the many ways in which Chat Completions writes it. `raw` is the author's own
 * part, for what only one service knows (`cache_control`).
 */
export type ContentPart = { raw: Readonly<Record<string, unknown>> } & (
  | { kind: "text"; text: string }
  /** Either a web address or the bytes. */
  | { kind: "image"; url?: string; data?: InlineData }
  /** A web address, the id of a file that the service keeps, or the bytes. */
  | { kind: "file"; name?: string; url?: string; id?: string; data?: InlineData }
  | { kind: "audio"; data: InlineData }
  | { kind: "video"; url?: string; data?: InlineData }
  /** A part of a type that Chat Completions does not have: perhaps the service's own. */
  | { kind: "other"; type: string }
);

/** What audio formats are called by those who do not say `input_audio.format`. */
const AUDIO_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    mp3: "audio/mpeg",
    m4a: "audio/mp4",
    opus: "audio/ogg",
  }),
);

/** Media types by the ending of a file's name or address. */
const MEDIA_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    pdf: "application/pdf",
    txt: "text/plain",
    md: "text/markdown",
    csv: "text/csv",
    html: "text/html",
    json: "application/json",
    png: "image/png",
    jpg: "image/jpeg",
    jpeg: "image/jpeg",
    gif: "image/gif",
    webp: "image/webp",
    heic: "image/heic",
    mp3: "audio/mpeg",
    wav: "audio/wav",
    ogg: "audio/ogg",
    flac: "audio/flac",
    mp4: "video/mp4",
    mov: "video/quicktime",
    webm: "video/webm",
  }),
);

/** What a file is by its name or web address; undefined where neither tells. */
export function guessMediaType(name: string): string | undefined {
  const ending = /\.(\w+)(?:[?#]|$)/.exec(name)?.[1];
  return MEDIA_TYPES.get(ending?.toLowerCase() ?? "");
}

/**
 * The parts of a message's content, whether that is a text, one part or a list; none where it is null.
 * @param place how the author finds the message, "Message 3"
 * @throws Failure `invalid_request` for what is no content
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
      `${place} has content that is neither a text nor a list of content parts.`,
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
  throw new Failure("invalid_request", `${place} has a text part without a text.`);
}

function readLocation(url: unknown, type: string, place: string): { url?: string; data?: InlineData } {
  if (typeof url !== "string" || url === "") {
    throw new Failure("invalid_request", `${place} has a part of type ${type} without a URL.`);
  }
  if (/^https?:/i.test(url)) return { url };
  const data = parseDataUrl(url);
  if (data) return { data };
  throw new Failure(
    "invalid_request",
    `${place} has a part of type ${type} whose URL is neither http, https nor data.`,
  );
}

function readAudio(audio: unknown, place: string): InlineData {
  const [data, format] = isObject(audio) ? [audio["data"], audio["format"]] : [];
  if (typeof data !== "string" || data === "") {
    throw new Failure("invalid_request", `${place} has an audio part without data.`);
  }
  const url = parseDataUrl(data);
  if (url) return url;
  const name = typeof format === "string" && format !== "" ? format.toLowerCase() : "wav";
  return { mediaType: AUDIO_TYPES.get(name) ?? `audio/${name}`, base64: data };
}

function readFile(
  file: Record<string, unknown>,
  place: string,
): Omit<Extract<ContentPart, { kind: "file" }>, "kind" | "raw"> {
  const { file_data: data, file_id: id, file_url: url, filename } = file;
  const name = typeof filename === "string" && filename !== "" ? { name: filename } : {};
  if (typeof data === "string" && data !== "") {
    // Without a name it is what Chat Completions' files are.
    const mediaType = name.name
      ? (guessMediaType(name.name) ?? "application/octet-stream")
      : "application/pdf";
    return { ...name, data: parseDataUrl(data) ?? { mediaType, base64: data } };
  }
  if (typeof id === "string" && id !== "") return { ...name, id };
  if (typeof url === "string" && /^https?:/i.test(url)) return { ...name, url };
  throw new Failure("invalid_request", `${place} has a file part without file_data, file_id or file_url.`);
}

/** The bytes that a data URL holds (RFC 2397), or undefined where it is none. */
function parseDataUrl(url: string): InlineData | undefined {
  const comma = url.indexOf(",");
  const head = /^data:([^;,]*)((?:;[^;,]*)*)$/i.exec(url.slice(0, Math.max(comma, 0)));
  if (!head) return undefined;
  const mediaType = head[1]!.toLowerCase() || "text/plain";
  const said = url.slice(comma + 1);
  if (/;\s*base64$/i.test(head[2]!)) return { mediaType, base64: said };
  try {
    return { mediaType, base64: Buffer.from(decodeURIComponent(said)).toString("base64") };
  } catch {
    return undefined;
  }
}

/** A part in words. */
export function describePart(part: ContentPart): string {
  if (part.kind !== "other") return part.kind === "image" ? "an image" : `a part of type ${part.kind}`;
  return part.type === "" ? "a content part without a type" : `a content part of type ${part.type}`;
}
