/**
 * Bounds on what a remote may make us hold, each with the reason for its default. All are finite: a
 * limit of 0 is an error, never "no limit".
 */
export interface Limits {
  /** Characters of one record (an SSE event). A chunk is a few hundred; base64 audio pieces reach 100 KB. */
  record: number;
  /** Characters of one answer, text and reasoning of all choices together. A long book is about 1 M. */
  completion: number;
  /**
   * Characters of what comes beside the text: audio, images, token probabilities, citations, a vendor's own
   * fields. Eight minutes of spoken answer.
   */
  attachments: number;
  /** Bytes of a non-streamed error body that are read; what matters stands in the first lines. */
  errorBody: number;
  /** Bytes of a request body; services refuse less than this. */
  request: number;
  /** Nesting of JSON; Chat Completions needs about 8, and `cloneMessage` recurses. */
  depth: number;
  /** Choices of an answer, and tool calls of a choice: an index is never used to allocate beyond this. */
  indices: number;
  /** Characters of one tool call's arguments. */
  toolArguments: number;
}

export const DEFAULT_LIMITS: Readonly<Limits> = Object.freeze({
  record: 1024 * 1024,
  completion: 4_000_000,
  attachments: 32_000_000,
  errorBody: 64 * 1024,
  request: 16 * 1024 * 1024,
  depth: 64,
  indices: 128,
  toolArguments: 1024 * 1024,
});

/** How long each part of a stream may take, in milliseconds. All finite and above 0. */
export interface Timeouts {
  /** Until a connection is open. */
  connect: number;
  /** From then until the response's headers: a long prompt is read before a model answers. */
  headers: number;
  /** From the headers to the first text, reasoning or tool-call piece. Slow local models need more. */
  firstChunk: number;
  /** Without a single byte, once the answer has begun. */
  idle: number;
  /** Without content, though keep-alive comments may come. */
  progress: number;
  /** The whole stream. */
  total: number;
  /** After the finish reason, waiting for the usage and the end marker. */
  drain: number;
}

export const DEFAULT_TIMEOUTS: Readonly<Timeouts> = Object.freeze({
  connect: 10_000,
  headers: 120_000,
  firstChunk: 120_000,
  idle: 60_000,
  progress: 120_000,
  total: 600_000,
  drain: 2_000,
});
