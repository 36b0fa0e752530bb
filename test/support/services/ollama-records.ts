/** Records of Ollama's /api/chat, built from its documentation and from reports of its behaviour; none is recorded. */

export const HEAD = { model: "llama-1", created_at: "2026-09-01T10:00:00.123456Z" };

/** Creates a record that adds to the answer. */
export function createRecord(message: object) {
  return { ...HEAD, message: { role: "assistant", content: "", ...message }, done: false };
}

/** Creates a record that adds text to the answer. */
export function createTextRecord(content: string) {
  return createRecord({ content });
}

export const TIMINGS = {
  total_duration: 5_000_000_000,
  load_duration: 1_000_000,
  prompt_eval_duration: 2_000_000,
  eval_duration: 3_000_000,
};

export const COUNTS = { prompt_eval_count: 25, eval_count: 15 };

/** The usage that results from `COUNTS`. */
export const COUNTED = { prompt_tokens: 25, completion_tokens: 15, total_tokens: 40, ...COUNTS };

/** Creates the last record, with done reason, timings and counts. */
export function createDoneRecord(
  reason: string | undefined = "stop",
  message: object = {},
  counts: object = COUNTS,
) {
  const why = reason === undefined ? {} : { done_reason: reason };
  return { ...createRecord(message), done: true, ...why, ...TIMINGS, ...counts };
}

/** Formats records as the body of a response; a string becomes a line as it is. */
export function formatLines(...records: readonly unknown[]): Buffer {
  const text = records.map((record) => (typeof record === "string" ? record : JSON.stringify(record)));
  return Buffer.from(text.map((line) => `${line}\n`).join(""));
}
