import { randomUUID } from "node:crypto";
import { buildContinuation, type ContinuationStyle } from "../../core/retry/continuation.js";
import { OverlapTrimmer } from "../../core/retry/overlap-trimmer.js";
import { inheritProperties } from "../messages/inherited-properties.js";
import type { RetryTag } from "../messages/retry-tag.js";
import type { Message } from "../red/api.js";
import type { Asked, RecoveryMode, RetrySession } from "./session.js";

/** Parameters that say what kind of answer is counted on, whoever gives it. */
const OF_THE_ANSWER: readonly string[] = ["response_format", "tool_choice"];

/**
 * The message that asks once more, and what is to be done with the stream that comes of it.
 * @param asker the retry node and its life
 * @param last the failed request's last message
 * @param style how a model is asked to go on
 */
export function requestOf(
  session: RetrySession,
  asker: Pick<RetryTag, "node" | "life">,
  last: Message,
  mending: RecoveryMode,
  style: ContinuationStyle,
): { message: Message; asked: Asked } {
  const request = session.request!;
  const { id: stream, attempts: attempt, route } = session;
  const tag: RetryTag = { ...asker, stream, attempt, route };
  if (mending !== "restart") tag.sent = session.sent;
  if (session.outer !== undefined) tag.outer = session.outer;
  let { messages } = request;
  let trimmer: OverlapTrimmer | undefined;
  if (mending === "continue") {
    const continuation = buildContinuation(messages, session.said, style);
    messages = continuation.messages;
    tag.continues = continuation.continues;
    trimmer = new OverlapTrimmer(session.said, tag.continues);
  }
  // Others may have been asked with the same message: by an id of its own this request is known from theirs.
  const msgid = randomUUID();
  const message: Message = { ...inheritProperties(last), _msgid: msgid, payload: "", messages, retry: tag };
  if (request.tools) message["tools"] = request.tools;
  const parameters = request.parameters ?? {};
  // The fallback has a model and parameters of its own.
  if (route === "again") Object.assign(message, { model: request.model, options: parameters });
  else message["options"] = pick(parameters, OF_THE_ANSWER);
  if (last["conversation"] !== undefined) message["conversation"] = last["conversation"];
  if (last.parts?.parts) message.parts = last.parts.parts;
  return { message, asked: { msgid, restarts: mending === "restart", trimmer } };
}

function pick(fields: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}
