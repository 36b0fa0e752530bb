import { isObject } from "../../core/json/parse.js";
import { getOnlyObject } from "../wire-values.js";

/** A record that adds one text and nothing else that may differ from record to record, apart from its counts. */
export interface TextRecord {
  /** The text's place in the record, as a JSON pointer. */
  place: string;
  /** The field of the delta that it adds to. */
  field: "content" | "reasoning_content";
  /** Index of the candidate. */
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

/** Finds the one text of a record. @returns undefined if it has not exactly one, or if it ends the answer */
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
