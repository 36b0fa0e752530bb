import type { JobWish, ResumePoint } from "../../client/chat-types.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import type { Timeouts } from "../../core/limits.js";
import { readNumber } from "../red/settings.js";
import type { ChatTrace } from "../traces/chat-trace.js";

/** What the author of a chat-stream sets for all its requests. */
export interface AskSettings {
  /** Whether the observer gets every chunk as a chunk, also plain text. */
  everyChunk?: boolean;
  /** Seconds for the whole stream; empty or 0: as long as the provider allows. */
  timeLimit?: number | string;
}

/** A request that a chat-stream makes of its provider. */
export interface AskOptions {
  /** The stream's id. */
  id: string;
  request: ChatRequest;
  /** Takes up an answer that an earlier stream has begun. */
  resume?: ResumePoint | undefined;
  settings: AskSettings;
  job?: JobWish;
  /** Whether the request continues work that has begun: it passes before others, and is not refused by a full queue. */
  isUrgent?: boolean;
  /** Follows the request if an SDK of OpenTelemetry is there. */
  trace?: ChatTrace | undefined;
}

/** A request, and how long it may take. */
interface TimedRequest {
  request: ChatRequest;
  timeouts: Timeouts;
}

/**
 * Applies the time limit of a stream: `msg.options.timeLimit`, otherwise the setting of the chat-stream. It can only shorten
 * what the provider allows. The option is not for the service, so it is taken out of the request.
 * @throws Failure `invalid_request` if the option, `configuration` if the setting is not a number above 0
 */
export function limitTime(
  request: ChatRequest,
  setting: AskSettings["timeLimit"],
  timeouts: Timeouts,
): TimedRequest {
  const { timeLimit: wanted, ...parameters } = request.parameters ?? {};
  if (wanted !== undefined && !(typeof wanted === "number" && wanted > 0)) {
    throw new Failure(
      "invalid_request",
      "msg.options.timeLimit must be a number of seconds above 0. Correct or remove it.",
    );
  }
  const seconds = wanted ?? readNumber(setting, "setting timeLimit", { min: 0 });
  const limited = seconds ? { ...timeouts, total: Math.min(timeouts.total, seconds * 1000) } : timeouts;
  return { request: wanted === undefined ? request : { ...request, parameters }, timeouts: limited };
}
