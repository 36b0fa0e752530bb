/** Records of Gemini's streamGenerateContent, built from its reference and from reports of its behaviour; none is recorded. */

export type Part = Record<string, unknown>;

export const HEAD = { modelVersion: "gemini-1", responseId: "r-1" };

/** Creates a record with one candidate. */
export function createRecord(parts: readonly Part[], candidate: object = {}, more: object = {}) {
  return { candidates: [{ content: { parts, role: "model" }, index: 0, ...candidate }], ...HEAD, ...more };
}

/** Creates a record that adds text to the answer. */
export function createTextRecord(piece: string, more: object = {}) {
  return createRecord([{ text: piece }], {}, more);
}

/** Creates a record that adds text to the thoughts. */
export function createThoughtRecord(piece: string) {
  return createRecord([{ text: piece, thought: true }]);
}

/** Creates a part with a function call. */
export function createCallPart(name: string, args: object, more: Part = {}): Part {
  return { functionCall: { name, args }, ...more };
}

export const COUNTS = { promptTokenCount: 25, candidatesTokenCount: 15, totalTokenCount: 40 };

/** The usage that results from `COUNTS`. */
export const COUNTED = { prompt_tokens: 25, completion_tokens: 15, total_tokens: 40, ...COUNTS };

/** Creates the last record, with finish reason and counts. */
export function createFinishRecord(
  reason = "STOP",
  parts: readonly Part[] = [{ text: "" }],
  candidate: object = {},
) {
  return createRecord(parts, { finishReason: reason, ...candidate }, { usageMetadata: COUNTS });
}

/** Creates an error in Google's form. */
export function createError(code: number, status: string, message: string, details: object[] = []) {
  return { error: { code, message, status, ...(details.length > 0 ? { details } : {}) } };
}

/** Formats records as Gemini streams them without `alt=sse`: an indented array. */
export function formatArray(...records: readonly object[]): Buffer {
  return Buffer.from(`[${records.map((record) => JSON.stringify(record, null, 2)).join("\n,\n")}\n]\n`);
}
