/**
 * The common form of an answer: what every provider's records become, in the form of Chat Completions
 * (`chat.completion.chunk` and `chat.completion` of the OpenAI API reference). Unknown vendor fields are kept.
 */

/**
 * Token counts as the vendor sends them; never estimated, never summed. The names of Chat Completions are there whatever
 * the service, as far as it counts; its own are beside them.
 */
export interface Usage {
  /** Tokens of the request. */
  prompt_tokens?: number;
  /** Tokens of the answer, reasoning included. */
  completion_tokens?: number;
  /** Tokens of request and answer together. */
  total_tokens?: number;
  prompt_tokens_details?: { cached_tokens?: number; audio_tokens?: number; [vendorField: string]: unknown };
  completion_tokens_details?: {
    reasoning_tokens?: number;
    audio_tokens?: number;
    [vendorField: string]: unknown;
  };
  /** The counts of the earlier parts of an answer that its service paused, in their order. */
  earlier_parts?: Usage[];
  [vendorField: string]: unknown;
}

/**
 * Field of a usage with the counts of the earlier parts of an answer that its service paused, in their order. The usage
 * itself is that of the last part.
 */
export const EARLIER_PARTS = "earlier_parts";

/** A piece of a tool call. `index` counts the calls of a choice from 0 without gaps; the dialect sees to that. */
export interface ToolCallDelta {
  index: number;
  /** In one piece of the call, usually the first. */
  id?: string;
  type?: string;
  /** `name` is complete and replaces an earlier one; `arguments` is a fragment of JSON text to append. */
  function?: { name?: string; arguments?: string };
  /** A call of a tool that takes any text. `name` as above; `input` is a fragment of text to append. */
  custom?: { name?: string; input?: string };
  /** The whole arguments or input, from a service that corrects at the end what it has streamed. Replaces the fragments. */
  whole_input?: string;
  [vendorField: string]: unknown;
}

/** What one chunk adds to a choice. */
export interface Delta {
  /** Usually `assistant`, in the first chunk of the choice only. */
  role?: string;
  /** A piece of the answer's text. */
  content?: string | null;
  /** A piece of readable reasoning, under whatever name the service sends it. */
  reasoning_content?: string | null;
  /** Encrypted reasoning (Venice). It must be sent back after the readable part. */
  encrypted_reasoning?: string | null;
  /** Opaque blocks that some vendors want back on the next turn (OpenRouter). */
  reasoning_details?: unknown[];
  /** A piece of the text with which the model refuses to answer. */
  refusal?: string | null;
  tool_calls?: ToolCallDelta[];
  /** Sources, such as `{type: "url_citation", url_citation: {url, title}}`. */
  annotations?: unknown[];
  audio?: AudioDelta | null;
  /** Pictures, such as `{type: "image_url", image_url: {url}}`. */
  images?: unknown[];
  [vendorField: string]: unknown;
}

/** A piece of a spoken answer: base64 of 16-bit audio, or its transcript. */
export interface AudioDelta {
  id?: string;
  /** Base64. */
  data?: string;
  transcript?: string;
  /** Until when the service keeps the audio, in seconds since 1970. It comes at the end. */
  expires_at?: number;
  [vendorField: string]: unknown;
}

/** Token probabilities. Each chunk has those of its own tokens. */
export interface Logprobs {
  content?: unknown[] | null;
  refusal?: unknown[] | null;
}

/** A text of a delta to which each chunk adds a piece. */
export type DeltaText = "content" | "reasoning_content" | "encrypted_reasoning" | "refusal";

/** One of `n` answers inside a chunk. */
export interface ChunkChoice {
  /** 0 for the first answer. */
  index: number;
  delta: Delta;
  /** Why the answer ended, in the words of Chat Completions or of the vendor; null until it has ended. */
  finish_reason?: string | null;
  logprobs?: Logprobs | null;
  [vendorField: string]: unknown;
}

/** One record of a streamed answer. `choices` may be empty if the record has only usage or citations. */
export interface Chunk {
  id?: string;
  /** Seconds since 1970; 0 if the service does not say. */
  created?: number;
  model?: string;
  choices: ChunkChoice[];
  usage?: Usage | null;
  [vendorField: string]: unknown;
}

/** A complete tool call: of a function or, with the type `custom`, of a tool that takes any text. */
export interface ToolCall {
  id: string;
  type: string;
  /** `arguments` is the JSON text as the model wrote it. */
  function?: { name: string; arguments: string };
  custom?: { name: string; input: string };
  [vendorField: string]: unknown;
}

/** The assistant's message, ready to be sent back as part of the conversation. */
export interface AssistantMessage {
  role: string;
  content: string | null;
  reasoning_content?: string;
  reasoning_details?: unknown[];
  refusal?: string;
  tool_calls?: ToolCall[];
  annotations?: unknown[];
  audio?: Record<string, unknown>;
  images?: unknown[];
  [vendorField: string]: unknown;
}

/** One of `n` answers of a completion. */
export interface CompletionChoice {
  /** 0 for the first answer. */
  index: number;
  message: AssistantMessage;
  /** Why the answer ended, in the words of Chat Completions or of the vendor; null if it broke off. */
  finish_reason: string | null;
  logprobs?: Logprobs;
  [vendorField: string]: unknown;
}

/** The complete answer, in the form of a Chat Completions response without streaming. */
export interface Completion {
  /** The service's id of the answer; `""` if it sent none. */
  id: string;
  object: "chat.completion";
  /** Seconds since 1970; 0 if the service does not say. */
  created: number;
  /** The model that answered, as the service calls it; `""` if it does not say. */
  model: string;
  choices: CompletionChoice[];
  usage: Usage | null;
  [vendorField: string]: unknown;
}

/** Who says a message. Some services know others. */
export type Role = "system" | "developer" | "user" | "assistant" | "tool" | (string & {});

/** A message of a conversation as the author wrote it. Content parts are passed on unchanged. */
export interface ChatMessage {
  role: Role;
  content?: unknown;
  [vendorField: string]: unknown;
}

/** Fields of a chunk that are assembled by name. Any other field keeps its latest value. */
export const CHUNK_FIELDS: ReadonlySet<string> = new Set([
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
]);

/** Lists of a chunk that some vendors repeat on every chunk and others send once. */
export const CHUNK_LISTS: ReadonlySet<string> = new Set(["citations", "search_results"]);

/**
 * Fields of a choice that are assembled by name, or dropped: `message` and `usage`, whose content the dialect has
 * moved to the delta and the chunk. Any other field keeps its latest value.
 */
export const CHOICE_FIELDS: ReadonlySet<string> = new Set([
  "index",
  "delta",
  "finish_reason",
  "logprobs",
  "message",
  "usage",
]);

/** Texts of a delta: each chunk appends to them. */
export const DELTA_TEXTS: readonly DeltaText[] = [
  "content",
  "reasoning_content",
  "encrypted_reasoning",
  "refusal",
];

/** Lists of a delta: each chunk adds entries. */
export const DELTA_LISTS: readonly string[] = ["annotations", "images", "reasoning_details"];

/** Fields of a delta that are assembled by name, or dropped (`name`). Any other field keeps its latest value. */
export const DELTA_FIELDS: ReadonlySet<string> = new Set([
  "role",
  ...DELTA_TEXTS,
  ...DELTA_LISTS,
  "tool_calls",
  "audio",
  "name",
]);

/** Fields of a tool call that are assembled by name. Any other field keeps its latest value. */
export const TOOL_CALL_FIELDS: ReadonlySet<string> = new Set([
  "index",
  "id",
  "type",
  "function",
  "custom",
  "whole_input",
]);
