import type { NodeConfig } from "../red/api.js";
import type { ConversationPlace } from "./conversation.js";
import type { ParameterConfig } from "./parameters.js";

/** A chat-stream's properties in a flow file. */
export interface ChatStreamConfig extends NodeConfig, ParameterConfig {
  provider?: string;
  model?: string;
  /** System prompt, a typed input. */
  system?: string;
  systemType?: string;
  /** Prompt, a typed input. */
  prompt?: string;
  promptType?: string;
  conversation?: ConversationPlace;
  /** Key of the conversation that a message belongs to, a typed input. */
  conversationKey?: string;
  conversationKeyType?: string;
  /** Turns of history to keep. Empty or 0: all. */
  maxTurns?: number | string;
  /** What to do with a message that arrives while a stream of its conversation runs. */
  whenBusy?: "concurrent" | "wait" | "replace";
  /** Whether each message carries its chunk (`msg.chunk`), also plain text. */
  everyChunk?: boolean;
  /** Whether chunks that arrive together leave as one message. */
  mergeReads?: boolean;
  /** Whether messages of a JSON answer carry the object so far (`msg.partial`). */
  partial?: boolean;
}

/** Describes the prompt in the author's terms, for errors. */
export function describePrompt(config: ChatStreamConfig): string {
  const type = config.promptType || "msg";
  return type === "msg" ? `msg.${config.prompt || "payload"}` : `the prompt (${type})`;
}
