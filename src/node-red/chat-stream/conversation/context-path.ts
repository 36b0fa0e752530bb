import { createHash } from "node:crypto";

/** Name in the flow or global context that holds all conversations, each under its key. */
export const CONTEXT_NAME = "conversations";

/** A longer key is kept by its hash. It may be any text of a visitor, and no id is as long. */
const MAX_KEY_CHARS = 1000;

/** Characters that Node-RED cannot quote in a property expression. */
const UNQUOTABLE = /["\\[\]]/;

/** @returns where the context holds a conversation, as a property expression */
export function toContextPath(key: string): string {
  return `${CONTEXT_NAME}["${toName(key)}"]`;
}

/**
 * Builds the name of a conversation in the context, for a property expression in which it is quoted. A key may be any text,
 * such as a topic with slashes or a person's name. Characters that Node-RED cannot quote are percent-encoded, so two keys
 * never share a conversation. The empty key cannot be quoted and becomes `%none`, which no other key can become.
 */
export function toName(key: string): string {
  if (key.length > MAX_KEY_CHARS)
    return `%sha256-${createHash("sha256").update(key, "utf16le").digest("hex")}`;
  // Names that every object has, such as `constructor`, would find that member instead of a conversation.
  const name = key in Object.prototype ? percentEncode(key, /^./) : percentEncode(key, /["\\[\]%]/g);
  return name || "%none";
}

function percentEncode(key: string, pattern: RegExp): string {
  return key.replace(pattern, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** Whether Node-RED can quote a name in a property expression. */
export function isQuotable(name: string): boolean {
  return !UNQUOTABLE.test(name);
}
