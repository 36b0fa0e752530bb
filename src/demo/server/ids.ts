import { randomBytes } from "node:crypto";

/** Creates an id as OpenAI has them: a prefix that says what it is, and random digits. */
export function createId(prefix: string): string {
  return prefix + randomBytes(12).toString("hex");
}
