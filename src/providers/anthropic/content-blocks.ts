import type { ChatMessage } from "../../core/chat/chunk.js";
import { type ContentPart, type InlineData, readContentParts } from "../shared/content-parts.js";
import { createUnsupportedFailure } from "../shared/unsupported.js";

/** The service's name in error messages. */
export const ANTHROPIC_NAME = "Anthropic";

/** A content block of the Messages API. */
export type ContentBlock = Record<string, unknown>;

const IMAGE_TYPES: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

/**
 * Replaces blocks by a plain text if they are plain text blocks: a single one, or any number if there is a separator.
 */
export function simplifyTexts(blocks: ContentBlock[], separator?: string): string | ContentBlock[] {
  const plain = blocks.every((block) => block["type"] === "text" && Object.keys(block).length === 2);
  if (!plain || (separator === undefined && blocks.length > 1)) return blocks;
  return blocks.map((block) => block["text"]).join(separator);
}

/**
 * Builds the blocks of a message's content, without empty texts. A `cache_control` of the message goes to its last block.
 * @throws Failure `invalid_request` for content that Anthropic cannot take
 */
export function buildContentBlocks(message: ChatMessage, place: string): ContentBlock[] {
  const blocks = readContentParts(message, place).flatMap((part): ContentBlock[] => {
    const block = buildContentBlock(part, place);
    return block ? [{ ...block, ...pickCacheControl(part.raw) }] : [];
  });
  const last = blocks.at(-1);
  if (last) Object.assign(last, pickCacheControl(message));
  return blocks;
}

/** Picks `cache_control`, which marks the end of a part of the prompt that Anthropic is to cache. */
export function pickCacheControl(fields: Readonly<Record<string, unknown>>): ContentBlock {
  return fields["cache_control"] ? { cache_control: fields["cache_control"] } : {};
}

/** @returns undefined for a text of white space alone, which Anthropic refuses */
function buildContentBlock(part: ContentPart, place: string): ContentBlock | undefined {
  switch (part.kind) {
    case "text":
      return part.text.trim() === "" ? undefined : { type: "text", text: part.text };
    case "image":
      return {
        type: "image",
        source: part.data ? buildImageSource(part.data, place) : { type: "url", url: part.url },
      };
    case "file":
      return buildFileBlock(part, place);
    case "audio":
    case "video":
      throw createUnsupportedFailure(ANTHROPIC_NAME, `${part.kind} (${place})`, "Send a transcript as text.");
    case "other":
      // A block in Anthropic's own form: it has more types than Chat Completions.
      if (part.type === "") {
        throw createUnsupportedFailure(ANTHROPIC_NAME, `a content part without a type (${place})`);
      }
      return { ...part.raw };
  }
}

function buildImageSource(data: InlineData, place: string): ContentBlock {
  const mediaType = data.mediaType === "image/jpg" ? "image/jpeg" : data.mediaType;
  if (!IMAGE_TYPES.has(mediaType)) {
    throw createUnsupportedFailure(
      ANTHROPIC_NAME,
      `an image of type ${mediaType} (${place})`,
      "Send JPEG, PNG, GIF or WebP.",
    );
  }
  return { type: "base64", media_type: mediaType, data: data.base64 };
}

function buildFileBlock(
  { name, url, id, data, raw }: Extract<ContentPart, { kind: "file" }>,
  place: string,
): ContentBlock {
  const fields = {
    ...(name ? { title: name } : {}),
    ...(raw["citations"] ? { citations: raw["citations"] } : {}),
  };
  const buildDocument = (source: ContentBlock): ContentBlock => ({ type: "document", source, ...fields });
  if (id !== undefined) return buildDocument({ type: "file", file_id: id });
  if (url !== undefined) return buildDocument({ type: "url", url });
  const { mediaType, base64 } = data!;
  if (mediaType.startsWith("image/")) return { type: "image", source: buildImageSource(data!, place) };
  if (mediaType === "application/pdf") {
    return buildDocument({ type: "base64", media_type: mediaType, data: base64 });
  }
  if (mediaType.startsWith("text/") || mediaType === "application/json") {
    const text = Buffer.from(base64, "base64").toString();
    return buildDocument({ type: "text", media_type: "text/plain", data: text });
  }
  throw createUnsupportedFailure(
    ANTHROPIC_NAME,
    `a file of type ${mediaType} (${place})`,
    "Send PDF, text or an image.",
  );
}
