import { type ContinuationStyle, continuationOf } from "../core/continuation.js";
import { OverlapTrimmer } from "../core/overlap.js";
import { carried } from "./message.js";
import type { Message } from "./red.js";
import type { Mending } from "./retry-plan.js";
import type { Asked, RetrySession } from "./retry-session.js";
import type { RetryTag } from "./retry-tag.js";

/**
 * The message that asks once more, and what is to be done with the stream that comes of it.
 * @param node id of the retry node
 * @param last the failed request's last message
 * @param style how a model is asked to go on
 */
export function requestOf(
  session: RetrySession,
  node: string,
  last: Message,
  mending: Mending,
  style: ContinuationStyle,
): { message: Message; asked: Omit<Asked, "at"> } {
  const request = session.request!;
  const tag: RetryTag = { node, stream: session.id, attempt: session.attempts };
  if (session.outer) tag.outer = session.outer;
  let { messages } = request;
  let trimmer: OverlapTrimmer | undefined;
  if (mending === "continue") {
    const continuation = continuationOf(messages, session.said, style);
    messages = continuation.messages;
    tag.continues = continuation.continues;
    trimmer = new OverlapTrimmer(session.said, tag.continues.echo);
  }
  const message: Message = { ...carried(last), payload: "", messages, retry: tag };
  if (request.tools) message["tools"] = request.tools;
  // The fallback has a model and parameters of its own.
  if (session.route === "again") {
    message["model"] = request.model;
    message["options"] = request.parameters ?? {};
  }
  if (last["conversation"] !== undefined) message["conversation"] = last["conversation"];
  if (last.parts?.parts) message.parts = last.parts.parts;
  return { message, asked: { messages, restarts: mending === "restart", trimmer } };
}
