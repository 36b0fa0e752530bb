/** What differs between services that offer OpenAI's Responses API. */
export interface ResponsesTraits {
  /** Whether it takes `store`; default true. It is sent as `false`: the conversation is the author's. */
  takesStore?: boolean;
  /** Whether it gives its reasoning in encrypted form if asked; default false. */
  encryptsReasoning?: boolean;
  /** Whether it refuses reasoning in the model's own words; default false. */
  refusesPlainReasoning?: boolean;
  /** The status that it wants on an item of reasoning; default: none. */
  reasoningStatus?: string;
  /** Whether tool calls must be the last items of an answer; default false. */
  callsLast?: boolean;
  /** Whether it may report an answer as complete although the limit of tokens cut it off; default false. */
  hidesLimit?: boolean;
  /** Parameters of Chat Completions that it has, although OpenAI's Responses have not. */
  parameters?: readonly string[];
}

/** A service with its traits, as far as a request needs them. */
export interface ResponsesService extends ResponsesTraits {
  /** Its name in error messages. */
  name: string;
}

/** Advice for a request that uses what only Chat Completions has; a sentence. */
export const USE_CHAT_ADVICE = "Leave it out, or set API of the provider to Chat Completions, which has it.";
