import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { ChatMessage } from "../../../core/chat/chunk.js";

/** The key of this process. It is never written down, so that a message of an earlier one stays closed. */
const KEY = randomBytes(32);

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The field of a system message that has its text in a form which only this process can read. */
const FIELD = "sealed";

/**
 * Puts a system message into a form in which it can travel with a stream, to a browser too: nobody can read it, and any
 * chat-stream of this process sends it again.
 */
export function sealSystemMessage({ role, content }: ChatMessage): ChatMessage {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, KEY, nonce);
  const text = Buffer.concat([cipher.update(String(content), "utf8"), cipher.final()]);
  return { role, content: "", [FIELD]: Buffer.concat([nonce, cipher.getAuthTag(), text]).toString("base64") };
}

/**
 * Takes sealed system messages out of a conversation.
 * @returns the first of them that this process has sealed, opened; and the other messages
 */
export function takeSealedMessages(messages: ChatMessage[]): {
  system: ChatMessage | undefined;
  rest: ChatMessage[];
} {
  const rest = messages.filter((message) => !isSealed(message));
  if (rest.length === messages.length) return { system: undefined, rest: messages };
  const opened = messages.filter(isSealed).flatMap((message) => openSystemMessage(message[FIELD]));
  return { system: opened[0], rest };
}

function isSealed({ role, [FIELD]: sealed }: ChatMessage): boolean {
  return role === "system" && typeof sealed === "string";
}

/** @returns nothing if the text was sealed by another process, or changed on its way */
function openSystemMessage(sealed: unknown): ChatMessage[] {
  const bytes = Buffer.from(String(sealed), "base64");
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return [];
  try {
    const decipher = createDecipheriv(CIPHER, KEY, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const text = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
    return [{ role: "system", content: Buffer.concat([text, decipher.final()]).toString("utf8") }];
  } catch {
    return [];
  }
}
