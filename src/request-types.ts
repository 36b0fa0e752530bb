/**
 * Types of what a caller of the library writes. Known names help while typing; any other is passed on, since services add
 * new ones all the time.
 */

/** Any text, beside the known ones. */
export type Other = string & {};

/** Ids of the services in `PROVIDERS`. */
export type KnownProvider =
  | "demo"
  | "openai"
  | "openrouter"
  | "groq"
  | "mistral"
  | "deepseek"
  | "together"
  | "xai"
  | "lmstudio"
  | "llamacpp"
  | "vllm"
  | "litellm"
  | "ollama-v1"
  | "custom"
  | "venice"
  | "anthropic"
  | "gemini"
  | "azure-openai"
  | "ollama"
  | "choreoai"
  | "saas-llm"
  | Other;

/** A function that the model may call. */
export interface FunctionTool {
  type: "function";
  function: {
    /** Up to 64 letters, digits, - and _. */
    name: string;
    /** Tells the model what the function does. */
    description?: string;
    /** JSON Schema of the arguments. Without it, the function takes none. */
    parameters?: Readonly<Record<string, unknown>>;
    /** Whether the service has to keep the model to the schema. */
    strict?: boolean;
  };
}

/** A tool in a form of the service's own, such as `{type: "web_search"}`. */
export interface ServiceTool {
  readonly function?: never;
  readonly [field: string]: unknown;
}

/** A tool for the model. */
export type ToolDefinition = FunctionTool | ServiceTool;

/** The form of an answer. */
export type ResponseFormat =
  | { type: "text" | "json_object" }
  | {
      type: "json_schema";
      json_schema: { name: string; schema: Readonly<Record<string, unknown>>; strict?: boolean };
    };

/** Request fields under the names of Chat Completions. Any other field is sent as it is. */
export interface ChatParameters {
  /** 0 to 2; higher values vary more. */
  readonly temperature?: number;
  /** 0 to 1; an alternative to `temperature`. */
  readonly top_p?: number;
  /** Longest answer in tokens. */
  readonly max_tokens?: number;
  /** The newer name of `max_tokens`. */
  readonly max_completion_tokens?: number;
  /** How many answers; default 1. */
  readonly n?: number;
  /** Requests with the same seed get the same answer, as far as the service can. */
  readonly seed?: number;
  /** Texts at which the answer stops. They are not part of it. */
  readonly stop?: string | readonly string[];
  /** -2 to 2; above 0, the model avoids words that have occurred. */
  readonly presence_penalty?: number;
  /** -2 to 2; above 0, the model avoids words the more, the more often they have occurred. */
  readonly frequency_penalty?: number;
  /** Whether to return the probability of each token. */
  readonly logprobs?: boolean;
  /** How many likely tokens to return for each place; needs `logprobs`. */
  readonly top_logprobs?: number;
  /** How much the model reasons before it answers. */
  readonly reasoning_effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | Other;
  /** The form of the answer: text, JSON, or JSON of a schema. Default: text. */
  readonly response_format?: ResponseFormat | Readonly<Record<string, unknown>>;
  /** Whether the model must call tools, or which one. Default: it decides. */
  readonly tool_choice?: "auto" | "none" | "required" | Other | Readonly<Record<string, unknown>>;
  /** Whether the model may call several tools at once. */
  readonly parallel_tool_calls?: boolean;
  /** What the answer consists of. `["text", "audio"]` for a spoken one, with `audio`. */
  readonly modalities?: readonly ("text" | "audio" | Other)[];
  /** How an answer is spoken. A stream needs the format `pcm16`. */
  readonly audio?: {
    readonly voice: string | Readonly<Record<string, unknown>>;
    readonly format: "pcm16" | "wav" | "mp3" | "flac" | "opus" | Other;
  };
  /** Tools that the service runs itself: names such as `web_search`, or objects with the name as `type`. */
  readonly hosted_tools?: readonly (
    | "web_search"
    | "web_fetch"
    | "code_execution"
    | "file_search"
    | "image_generation"
    | Other
    | Readonly<Record<string, unknown>>
  )[];
  /** Whether the service keeps the answer, so that a broken stream can be taken up again (`resume`). */
  readonly background?: boolean;
  /** Your own id of the person who asks, for the service's checks of abuse. */
  readonly user?: string;
  /** Your own labels, which the service keeps with the answer. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}
