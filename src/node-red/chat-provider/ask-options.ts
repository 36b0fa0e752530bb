import type { JobWish, ResumePoint } from "../../client/chat-types.js";
import type { ChatRequest } from "../../core/chat/request.js";
import type { ChatTrace } from "../traces/chat-trace.js";

/** A request that a chat-stream makes of its provider. */
export interface AskOptions {
  /** The stream's id. */
  id: string;
  request: ChatRequest;
  /** Takes up an answer that an earlier stream has begun. */
  resume?: ResumePoint | undefined;
  /** Whether the observer gets every chunk as a chunk, also plain text. */
  everyChunk: boolean;
  job?: JobWish;
  /** Whether the request continues work that has begun: it passes before others, and is not refused by a full queue. */
  isUrgent?: boolean;
  /** Follows the request if an SDK of OpenTelemetry is there. */
  trace?: ChatTrace | undefined;
}
