/** Records of Gemini's streamGenerateContent, built after its reference and the notes on its habits; none is a recording. */

export type Part = Record<string, unknown>;

export const HEAD = { modelVersion: "gemini-1", responseId: "r-1" };

/** A record with one candidate. */
export function createRecord(parts: readonly Part[], candidate: object = {}, more: object = {}) {
  return { candidates: [{ content: { parts, role: "model" }, index: 0, ...candidate }], ...HEAD, ...more };
}

export function createTextRecord(piece: string, more: object = {}) {
  return createRecord([{ text: piece }], {}, more);
}

export function createThoughtRecord(piece: string) {
  return createRecord([{ text: piece, thought: true }]);
}

export function createCallPart(name: string, args: object, more: Part = {}): Part {
  return { functionCall: { name, args }, ...more };
}

export const COUNTS = { promptTokenCount: 25, candidatesTokenCount: 15, totalTokenCount: 40 };

/** What `COUNTS` become. */
export const COUNTED = { prompt_tokens: 25, completion_tokens: 15, total_tokens: 40, ...COUNTS };

/** The last record. */
export function createFinishRecord(
  reason = "STOP",
  parts: readonly Part[] = [{ text: "" }],
  candidate: object = {},
) {
  return createRecord(parts, { finishReason: reason, ...candidate }, { usageMetadata: COUNTS });
}

export function createError(code: number, status: string, message: string, details: object[] = []) {
  return { error: { code, message, status, ...(details.length > 0 ? { details } : {}) } };
}

/** Records as the service streams them without `alt=sse`: an indented array. */
export function formatArray(...records: readonly object[]): Buffer {
  return Buffer.from(`[${records.map((record) => JSON.stringify(record, null, 2)).join("\n,\n")}\n]\n`);
}
