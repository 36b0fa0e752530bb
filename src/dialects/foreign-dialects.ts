import { ANTHROPIC } from "./anthropic/reader.js";
import type { ForeignDialect } from "./dialect.js";
import { GEMINI } from "./gemini/reader.js";
import { OLLAMA } from "./ollama.js";
import { RESPONSES } from "./responses/reader.js";

/** All forms of records other than Chat Completions. A new one needs a reader and an entry here. */
const FOREIGN_DIALECTS: readonly ForeignDialect[] = [ANTHROPIC, GEMINI, OLLAMA, RESPONSES];

/** Finds the form of a record without `choices`. @returns undefined if it may be Chat Completions, or is unknown */
export function findForeignDialect(record: Record<string, unknown>): ForeignDialect | undefined {
  return FOREIGN_DIALECTS.find((dialect) => dialect.canRead(record));
}

/**
 * Describes a record in another form than its stream, if one of the two forms is OpenAI Responses. Its records cannot be
 * mistaken for others, so the stream really is a mixture.
 * @param dialect the form of the stream; undefined for Chat Completions
 * @returns undefined if the record may belong to the stream
 */
export function describeMixture(
  dialect: ForeignDialect | undefined,
  record: Record<string, unknown>,
): string | undefined {
  const isChat = record["choices"] !== undefined;
  if (!isChat && dialect?.canRead(record)) return undefined;
  const other = isChat ? undefined : findForeignDialect(record);
  if (other === dialect || !(isChat || other) || (dialect !== RESPONSES && other !== RESPONSES))
    return undefined;
  const [begun, come] = [dialect, other].map((form) => form?.label ?? "Chat Completions");
  return `The stream began in the form of ${begun}, but then a record in the form of ${come} came, so text may be missing. Check the base URL and what answers there: a gateway seems to mix the answers of two APIs.`;
}
