import type { CompletionChoice } from "../../core/chat/chunk.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { isObject } from "../../core/json/parse.js";
import type { PauseProtocol } from "../provider.js";

/**
 * Stop reasons of an answer that is not over: Anthropic's own tools ran long enough for one response (guide "Server tools"),
 * or it has made a summary of the conversation (guide "Compaction", `pause_after_compaction`).
 */
const PAUSES: ReadonlySet<string> = new Set(["pause_turn", "compaction"]);

/** An answer goes on if it is sent back as it came, behind the same messages. */
export const ANTHROPIC_PAUSES: PauseProtocol = {
  isPause: (reason) => PAUSES.has(reason),
  // With `compaction` the summary is all that the author wants (SDK 1.14, `BetaCompactionConfig`).
  canContinue: (_end, { parameters }) => !parameters?.["compaction"],
  buildNextRequest: buildNextRequest,
};

function buildNextRequest(request: ChatRequest, choice: CompletionChoice): ChatRequest {
  const messages = [...request.messages, choice.message];
  const container = choice["container"];
  if (!isObject(container) || typeof container["id"] !== "string") return { ...request, messages };
  // The rest of the answer gets the container with the files that exist so far.
  return {
    ...request,
    messages,
    parameters: { ...request.parameters, ...keepContainer(request, container) },
  };
}

/** Names the container of the answer so far, and keeps what else the author asked of it, such as skills. */
function keepContainer(
  { parameters }: ChatRequest,
  { id }: Record<string, unknown>,
): Record<string, unknown> {
  const own = parameters?.["container"];
  return { container: isObject(own) ? { ...own, id } : id };
}
