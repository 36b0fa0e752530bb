/**
 * The currency of the package: what every provider's record becomes, in the form of Chat Completions
 * (`chat.completion.chunk` and `chat.completion` of the OpenAI API reference). Unknown vendor fields stay.
 */

/** Token counts as the vendor gives them; never estimated, never summed. */
export type Usage = Record<string, unknown>;

/** A piece of a tool call. `index` is the order of appearance in the answer, made gapless by the dialect. */
export interface ToolCallDelta {
  index: number;
  id?: string;
  type?: string;
  /** `name` comes whole and replaces an earlier one; `arguments` is a fragment of JSON text to append. */
  function?: { name?: string; arguments?: string };
  [vendorField: string]: unknown;
}

/** What one chunk adds to a choice. */
export interface Delta {
  role?: string;
  content?: string | null;
  reasoning_content?: string | null;
  /** Reasoning that nobody can read, to be echoed after the readable part (Venice). */
  encrypted_reasoning?: string | null;
  /** Opaque pieces that some vendors want echoed on the next turn (OpenRouter). */
  reasoning_details?: unknown[];
  refusal?: string | null;
  tool_calls?: ToolCallDelta[];
  annotations?: unknown[];
  audio?: AudioDelta | null;
  images?: unknown[];
  [vendorField: string]: unknown;
}

/** A piece of spoken answer: base64 of 16-bit audio, or its transcript. */
export interface AudioDelta {
  id?: string;
  data?: string;
  transcript?: string;
  expires_at?: number;
  [vendorField: string]: unknown;
}

/** Token probabilities; each chunk brings those of its own tokens. */
export interface Logprobs {
  content?: unknown[] | null;
  refusal?: unknown[] | null;
}

/** One of `n` answers inside a chunk. */
export interface ChunkChoice {
  index: number;
  delta: Delta;
  finish_reason?: string | null;
  logprobs?: Logprobs | null;
  [vendorField: string]: unknown;
}

/** One record of a streamed answer. `choices` may be empty (usage, citations). */
export interface Chunk {
  id?: string;
  created?: number;
  model?: string;
  choices: ChunkChoice[];
  usage?: Usage | null;
  [vendorField: string]: unknown;
}

/** A whole tool call. `arguments` is the JSON text as the model wrote it. */
export interface ToolCall {
  id: string;
  type: string;
  function: { name: string; arguments: string };
  [vendorField: string]: unknown;
}

/** The assistant's message, ready to be sent back as history. */
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
  index: number;
  message: AssistantMessage;
  finish_reason: string | null;
  logprobs?: Logprobs;
  [vendorField: string]: unknown;
}

/** The whole answer, as a non-streaming Chat Completions response has it. */
export interface Completion {
  id: string;
  object: "chat.completion";
  created: number;
  model: string;
  choices: CompletionChoice[];
  usage: Usage | null;
  [vendorField: string]: unknown;
}

/** A message of a conversation as the author writes it; content parts are passed on untouched. */
export interface ChatMessage {
  role: string;
  content?: unknown;
  [vendorField: string]: unknown;
}
