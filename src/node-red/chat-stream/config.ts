import type { NodeConfig } from "../red/api.js";
import type { ConversationPlace } from "./conversation.js";
import type { ParameterConfig } from "./parameters.js";

/** A chat-stream as it stands in a flow file. */
export interface ChatStreamConfig extends NodeConfig, ParameterConfig {
  provider?: string;
  model?: string;
  system?: string;
  systemType?: string;
  prompt?: string;
  promptType?: string;
  conversation?: ConversationPlace;
  conversationKey?: string;
  conversationKeyType?: string;
  maxTurns?: number | string;
  /** What a message does that arrives while one streams. */
  whenBusy?: "concurrent" | "wait" | "replace";
  everyChunk?: boolean;
  mergeReads?: boolean;
  /** Whether messages carry the object so far, in `msg.partial`. */
  partial?: boolean;
}

/** How the author calls the prompt, for errors. */
export function describePrompt(config: ChatStreamConfig): string {
  const type = config.promptType || "msg";
  return type === "msg" ? `msg.${config.prompt || "payload"}` : `the prompt (${type})`;
}
