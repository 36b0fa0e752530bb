import { isObject } from "../../core/json/parse.js";

/** A record that adds one text and nothing else that may differ from record to record, apart from its counts. */
export interface TextRecord {
  /** The text's place in the record. */
  place: string;
  field: "content" | "reasoning_content";
  index: number;
  hasUsage: boolean;
  hasLogprobs: boolean;
  /** Whether the service adds other fields. */
  hasExtras: boolean;
}

const RECORD_FIELDS: ReadonlySet<string> = new Set([
  "candidates",
  "usageMetadata",
  "modelVersion",
  "responseId",
  "createTime",
]);

const CANDIDATE_FIELDS: ReadonlySet<string> = new Set(["content", "index", "logprobsResult"]);

const PART_FIELDS: ReadonlySet<string> = new Set(["text", "thought"]);

/** Reads what a record that was read before has. @returns undefined if it has more than one text, or an end */
export function readTextRecord(record: Record<string, unknown>): TextRecord | undefined {
  const candidate = getOnlyObject(record["candidates"]);
  const { content, index = 0, finishReason } = candidate ?? {};
  const part = getOnlyObject(isObject(content) ? content["parts"] : undefined);
  if (!candidate || !part || finishReason !== undefined || typeof index !== "number") return undefined;
  if (!hasOnly(part, PART_FIELDS) || typeof part["text"] !== "string") return undefined;
  return {
    place: "/candidates/0/content/parts/0/text",
    field: part["thought"] === true ? "reasoning_content" : "content",
    index,
    hasUsage: isObject(record["usageMetadata"]),
    hasLogprobs: isObject(candidate["logprobsResult"]),
    hasExtras: !hasOnly(record, RECORD_FIELDS) || !hasOnly(candidate, CANDIDATE_FIELDS),
  };
}

function hasOnly(object: object, fields: ReadonlySet<string>): boolean {
  return Object.keys(object).every((key) => fields.has(key));
}

/** @returns the object in a list of one */
function getOnlyObject(list: unknown): Record<string, unknown> | undefined {
  const first: unknown = Array.isArray(list) && list.length === 1 ? list[0] : undefined;
  return isObject(first) ? first : undefined;
}
