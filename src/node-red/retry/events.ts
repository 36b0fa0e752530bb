import type { Failure, FailureData } from "../../core/failure.js";
import type { RetryTag, RouteName } from "../messages/ask-tags.js";
import type { StreamMessage } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";

/** What happens to a stream. */
export type RetryEvent =
  /** A message of the present request, in order; the last one too. */
  | { type: "message"; message: StreamMessage }
  /** The present request's stream began again at its source. */
  | { type: "restarted"; message: StreamMessage }
  /** The answer of the request that has left begins. */
  | { type: "claimed" }
  /** The wait is over. */
  | { type: "due" }
  /** The route lets the retry pass, or refuses it. */
  | { type: "admitted" }
  | { type: "refused" }
  | { type: "cancelled" }
  /** The stream cannot go on: nobody answers, messages are missing, or the node is full. */
  | { type: "lost"; failure: Failure };

/** What the session does for a stream, in this order. */
export type RetryEffect =
  | { type: "send"; message: Message }
  | { type: "ask"; route: RouteName; message: Message; tag: RetryTag }
  /** Stops the service that streams the present request. */
  | { type: "stop"; route: RouteName }
  | { type: "wait"; milliseconds: number }
  /** The session answers with `admitted` or `refused`. */
  | { type: "enterQueue"; route: RouteName }
  /** The present request is answered, or has failed. */
  | { type: "settle"; route: RouteName; failure: FailureData | undefined }
  /** The input that brought the last message is done. */
  | { type: "done"; failure: Failure | undefined }
  | { type: "report"; failure: Failure; message: Message }
  | { type: "end" };
