import type { NodeConfig } from "../red/api.js";
import { readChoice, readNumber, readTextSetting } from "../red/settings.js";
import type { ConversationOptions, ConversationPlace } from "./conversation/store.js";
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
  /** Conversations to keep in the context; of more, the one that was used longest ago is forgotten. Default: 1000. */
  maxConversations?: number | string;
  /** Hours without a message after which a conversation in the context is forgotten. Empty or 0: never. */
  keepFor?: number | string;
  /** What to do with a message that arrives while a stream of its conversation runs. */
  whenBusy?: "concurrent" | "wait" | "replace" | "steer";
  /** Seconds for a whole stream, within what the provider allows. Empty or 0: as long as that. */
  timeLimit?: number | string;
  /** Whether each message carries its chunk (`msg.chunk`), also plain text. */
  everyChunk?: boolean;
  /** Whether the system prompt may be read in the last message (`msg.request`). Default: false. */
  includeSystem?: boolean;
  /** Whether chunks that arrive together leave as one message. */
  mergeReads?: boolean;
  /** Whether messages of a JSON answer carry the object so far (`msg.partial`). */
  partial?: boolean;
}

/** Conversations that are kept in a context. */
const DEFAULT_MAX_CONVERSATIONS = 1000;

const MS_PER_HOUR = 3_600_000;

/** The settings of a chat-stream that apply to all its messages. */
export interface StreamSettings {
  conversation: ConversationOptions;
  whenBusy: "concurrent" | "wait" | "replace" | "steer";
}

/**
 * Reads the settings that apply to all messages.
 * @throws Failure `configuration` that names a setting that is not valid
 */
export function readStreamSettings(config: ChatStreamConfig): StreamSettings {
  const places = ["none", "key", "msg", "flow", "global"] as const;
  const hours = readNumber(config.keepFor, "setting keepFor", { min: 0 });
  return {
    conversation: {
      place: readChoice(config.conversation, "conversation", places),
      maxTurns: readNumber(config.maxTurns, "setting maxTurns", { min: 0, isWhole: true }) ?? 0,
      maxConversations: Math.floor(
        readNumber(config.maxConversations, "setting maxConversations", { min: 1 }) ??
          DEFAULT_MAX_CONVERSATIONS,
      ),
      expiryMs: hours ? hours * MS_PER_HOUR : Number.POSITIVE_INFINITY,
    },
    whenBusy: readChoice(config.whenBusy, "whenBusy", ["concurrent", "wait", "replace", "steer"]),
  };
}

/** Where the prompt comes from: a typed input. */
export interface PromptSource {
  value: string;
  type: string;
  /** In the author's terms, for errors. */
  name: string;
}

/** @throws Failure `configuration` if the setting is no text */
export function readPromptSource(config: ChatStreamConfig): PromptSource {
  const value = readTextSetting(config.prompt, "prompt") || "payload";
  const type = readTextSetting(config.promptType, "type of the prompt") || "msg";
  return { value, type, name: type === "msg" ? `msg.${value}` : `the prompt (${type})` };
}
