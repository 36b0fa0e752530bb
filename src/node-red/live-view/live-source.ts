import type { ChatProgress } from "../../client/chat-types.js";
import type { Cost } from "../../core/cost/amount.js";

/** The provider that a stream asks. */
export interface LiveProvider {
  /** Id of its node. */
  id: string;
  name: string;
}

/**
 * A stream, as its node shows it to the live view. The functions are called while somebody watches, and at the end. So a
 * stream that nobody watches pays for its beginning and its end only, and a chunk pays nothing in any case.
 */
export interface LiveSource {
  /** The stream's id. */
  readonly stream: string;
  /** Id of the node in the flow file. */
  readonly node: string;
  readonly name: string;
  readonly attempt: number;
  readonly round: number;
  findProvider(): LiveProvider | undefined;
  /** @returns `""` before it is known */
  readModel(): string;
  /** @returns undefined before the request is sent */
  readProgress(): ChatProgress | undefined;
  /** @returns how many characters of text the request has */
  measureRequest(): number;
  estimateCost(inputTokens: number, outputTokens: number): Cost | null;
  /** Stops the stream; its last message says so. */
  stop(): void;
}
