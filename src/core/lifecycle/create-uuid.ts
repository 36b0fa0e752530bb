import { randomUUID } from "node:crypto";

/** Creates the random id of something that may live long: a UUID of version 4 (RFC 9562), in small letters. */
export function createUuid(): string {
  const id = randomUUID();
  // Node.js joins it of some 20 parts, which take 1 KiB. Reading a character makes V8 keep one text in their place.
  id.charCodeAt(0);
  return id;
}
