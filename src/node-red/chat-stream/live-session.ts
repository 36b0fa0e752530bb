import type { ChatProgress } from "../../client/chat-types.js";
import type { Cost } from "../../core/cost/amount.js";
import { isObject } from "../../core/json/parse.js";
import { findProvider } from "../chat-provider/lookup.js";
import type { RunningRequest } from "../chat-provider/runtime.js";
import type { LiveProvider, LiveSource } from "../live-view/live-source.js";
import { findRetryTag, findRunTag } from "../messages/ask-tags.js";
import type { Message, NodeRed, RuntimeNode } from "../red/api.js";
import type { ComposedRequest } from "./composing/request.js";
import type { ChatStreamConfig } from "./config.js";

/** As much of a session as the live view shows. */
interface ShownSession {
  id: string;
  message: Message;
  running: RunningRequest | undefined;
  composed: ComposedRequest | undefined;
}

/** What a stream shows to the live view. */
export class LiveSession implements LiveSource {
  readonly stream: string;
  readonly node: string;
  readonly name: string;
  readonly attempt: number;
  readonly round: number;

  /** @param stop stops the stream */
  constructor(
    private readonly red: NodeRed,
    node: RuntimeNode,
    private readonly config: ChatStreamConfig,
    private readonly session: ShownSession,
    readonly stop: () => void,
  ) {
    this.stream = session.id;
    this.node = node._alias ?? node.id;
    this.name = node.name ?? "";
    this.attempt = findRetryTag(session.message)?.attempt ?? 1;
    this.round = findRunTag(session.message)?.round ?? 1;
  }

  findProvider(): LiveProvider | undefined {
    const provider = findProvider(this.red, this.config.provider);
    return provider && { id: this.config.provider!, name: provider.runtime.label };
  }

  readModel(): string {
    return this.session.composed?.request.model ?? "";
  }

  readProgress(): ChatProgress | undefined {
    return this.session.running?.readProgress?.();
  }

  measureRequest(): number {
    const { messages = [], tools } = this.session.composed?.request ?? {};
    const texts = messages.reduce((sum, { content }) => sum + measureContent(content), 0);
    return texts + (tools ? JSON.stringify(tools).length : 0);
  }

  estimateCost(inputTokens: number, outputTokens: number): Cost | null {
    const provider = findProvider(this.red, this.config.provider);
    return provider?.runtime.estimateCost(this.readModel(), inputTokens, outputTokens) ?? null;
  }
}

/** Measures the texts of a message. Pictures and sounds count in a way of their own. */
function measureContent(content: unknown): number {
  if (typeof content === "string") return content.length;
  if (!Array.isArray(content)) return 0;
  return content.reduce((sum: number, part: unknown) => {
    const text = isObject(part) ? part["text"] : undefined;
    return sum + (typeof text === "string" ? text.length : 0);
  }, 0);
}
