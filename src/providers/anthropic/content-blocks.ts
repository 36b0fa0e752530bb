import type { ChatMessage } from "../../core/chat/chunk.js";
import { contentParts, type InlineData, type Part } from "../shared/content-parts.js";
import { cannotSend } from "../shared/unsupported.js";
/** How error messages call the service. */
export const ANTHROPIC_NAME = "Anthropic";

/** A content block of the Messages API. */
export type Block = Record<string, unknown>;

const IMAGES: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

/** Texts that need no blocks as one text. */
export function simplified(blocks: Block[], separator?: string): string | Block[] {
  const plain = blocks.every((block) => block["type"] === "text" && Object.keys(block).length === 2);
  if (!plain || (separator === undefined && blocks.length > 1)) return blocks;
  return blocks.map((block) => block["text"]).join(separator);
}

/** A message's content. A mark for the cache that is on the message is on its last block. */
export function blocksOf(message: ChatMessage, place: string): Block[] {
  const blocks = contentParts(message, place).flatMap((part): Block[] => {
    const block = blockOf(part, place);
    return block ? [{ ...block, ...cacheOf(part.raw) }] : [];
  });
  const last = blocks.at(-1);
  if (last) Object.assign(last, cacheOf(message));
  return blocks;
}

export function cacheOf(fields: Readonly<Record<string, unknown>>): Block {
  return fields["cache_control"] ? { cache_control: fields["cache_control"] } : {};
}

/** @returns undefined for a text that says nothing: the service refuses it */
function blockOf(part: Part, place: string): Block | undefined {
  switch (part.kind) {
    case "text":
      return part.text.trim() === "" ? undefined : { type: "text", text: part.text };
    case "image":
      return {
        type: "image",
        source: part.data ? imageSource(part.data, place) : { type: "url", url: part.url },
      };
    case "file":
      return fileBlock(part, place);
    case "audio":
    case "video":
      throw cannotSend(ANTHROPIC_NAME, `${part.kind} (${place})`, "Send what is said in it as text.");
    case "other":
      // The author writes the service's own block: it knows more kinds than Chat Completions.
      if (part.type === "") throw cannotSend(ANTHROPIC_NAME, `a content part without a type (${place})`);
      return { ...part.raw };
  }
}

function imageSource(data: InlineData, place: string): Block {
  const mediaType = data.mediaType === "image/jpg" ? "image/jpeg" : data.mediaType;
  if (!IMAGES.has(mediaType)) {
    throw cannotSend(
      ANTHROPIC_NAME,
      `an image of type ${mediaType} (${place})`,
      "It takes JPEG, PNG, GIF and WebP.",
    );
  }
  return { type: "base64", media_type: mediaType, data: data.base64 };
}

function fileBlock({ name, url, id, data, raw }: Extract<Part, { kind: "file" }>, place: string): Block {
  const more = {
    ...(name ? { title: name } : {}),
    ...(raw["citations"] ? { citations: raw["citations"] } : {}),
  };
  const document = (source: Block): Block => ({ type: "document", source, ...more });
  if (id !== undefined) return document({ type: "file", file_id: id });
  if (url !== undefined) return document({ type: "url", url });
  const { mediaType, base64 } = data!;
  if (mediaType.startsWith("image/")) return { type: "image", source: imageSource(data!, place) };
  if (mediaType === "application/pdf")
    return document({ type: "base64", media_type: mediaType, data: base64 });
  if (mediaType.startsWith("text/") || mediaType === "application/json") {
    const text = Buffer.from(base64, "base64").toString();
    return document({ type: "text", media_type: "text/plain", data: text });
  }
  throw cannotSend(
    ANTHROPIC_NAME,
    `a file of type ${mediaType} (${place})`,
    "It takes PDF, text and images.",
  );
}
