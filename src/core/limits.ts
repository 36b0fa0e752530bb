/**
 * Limits on what a remote can make this package hold in memory. All are finite and above 0; 0 never means "no limit".
 */
export interface Limits {
  /** Characters of one record (an SSE event). A chunk has a few hundred; pieces of base64 audio have up to 100 K. */
  record: number;
  /** Characters of one answer: text and reasoning of all choices together. A long book has about 1 M. */
  completion: number;
  /**
   * Bytes of memory beside the text: audio, images, token probabilities, citations, names, vendor fields. The default is
   * enough for eight minutes of speech.
   */
  attachments: number;
  /** Bytes that are read of an error body. The first lines say what matters. */
  errorBody: number;
  /** Bytes of a request body. Services accept less than the default. */
  request: number;
  /** Depth of JSON. Chat Completions needs about 8. Node-RED's `cloneMessage` is recursive. */
  depth: number;
  /** Choices of an answer, and tool calls of a choice. No larger index allocates anything. */
  indices: number;
  /** Characters of one tool call's arguments. */
  toolArguments: number;
}

/** The limits of a stream that sets none. */
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

/**
 * How long each part of a stream may take, in milliseconds. All are finite and above 0. The label in the dialog of
 * chat-provider stands first.
 */
export interface Timeouts {
  /** *Connect*: until the connection is open. */
  connect: number;
  /** *First byte*: from then until the response's headers. A model reads a long prompt before it answers. */
  headers: number;
  /** *First text*: from the headers to the first text, reasoning or piece of a tool call. Slow local models need more. */
  firstChunk: number;
  /** *Idle*: without a single byte, after the answer has begun. */
  idle: number;
  /** *No progress*: without content, even if keep-alive comments arrive. */
  progress: number;
  /** *Whole stream*. */
  total: number;
  /** Not in the dialog: after the finish reason, until the usage and the end marker have arrived. */
  drain: number;
}

/** The timeouts of a stream that sets none. */
export const DEFAULT_TIMEOUTS: Readonly<Timeouts> = Object.freeze({
  connect: 10_000,
  headers: 120_000,
  firstChunk: 120_000,
  idle: 60_000,
  progress: 120_000,
  total: 600_000,
  drain: 2_000,
});
