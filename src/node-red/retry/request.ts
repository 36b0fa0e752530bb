import type { ChatRequest } from "../../core/chat/request.js";
import { createUuid } from "../../core/lifecycle/create-uuid.js";
import { buildContinuation } from "../../core/retry/continuation.js";
import type { RetryTag } from "../messages/ask-tags.js";
import type { Message } from "../red/api.js";
import { composeNextRequest } from "../wires/next-request.js";
import type { Recovery, StreamRecord } from "./record.js";

/** Parameters that say what kind of answer is expected, whoever gives it. */
const ANSWER_PARAMETERS: readonly string[] = ["response_format", "tool_choice"];

/**
 * Composes the message that asks once more, and its tag.
 * @param asker the retry node and its life
 */
export function composeRetryRequest(
  record: StreamRecord,
  asker: Pick<RetryTag, "node" | "deployId">,
  recovery: Recovery,
): { message: Message; tag: RetryTag } {
  const { id: stream, attempts: attempt, route, restarts } = record;
  const request = record.request!;
  const continuation =
    recovery === "prefill" || recovery === "quote"
      ? buildContinuation(request.messages, record.currentText, recovery)
      : undefined;
  // Other streams may have been asked for with the same message: an id of its own tells this request from theirs.
  const id = createUuid();
  const tag: RetryTag = {
    kind: "retry",
    request: id,
    ...asker,
    stream,
    attempt,
    route,
    restarts: recovery === "restart" ? restarts + 1 : restarts,
    ...(recovery === "restart" ? {} : { messagesSent: record.nextIndex }),
    ...(continuation ? { continues: continuation.continues } : {}),
    ...(recovery === "resume" && record.resume ? { resume: record.resume } : {}),
  };
  const parameters = request.parameters ?? {};
  const next: ChatRequest = {
    ...request,
    messages: continuation?.messages ?? request.messages,
    // The fallback has a model and parameters of its own.
    ...(route === "again" ? { parameters } : { model: "", parameters: pick(parameters, ANSWER_PARAMETERS) }),
  };
  return {
    message: { ...composeNextRequest(record.last!, next, [...record.outerTags, tag]), _msgid: id },
    tag,
  };
}

function pick(fields: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}
