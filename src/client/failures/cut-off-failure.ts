import type { CompletionMachine } from "../../core/chat/completion.js";
import { readChoiceCount } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import type { ChatSetup } from "../chat-types.js";

/** Creates the failure of a stream whose connection was closed before the answer was complete. */
export function createCutOffFailure(
  machine: CompletionMachine,
  { request, needsFinishReason }: Pick<ChatSetup, "request" | "needsFinishReason">,
): Failure {
  if (!machine.hasContent)
    return new Failure("interrupted", "The service ended the stream without an answer.");
  if (!machine.isFinished) {
    return new Failure(
      "interrupted",
      needsFinishReason
        ? "The stream ended without a finish reason, which is required here. If this service never sends one, do not require it."
        : "The stream broke off before its end: neither a finish reason nor an end marker came.",
    );
  }
  const message = `The stream broke off before its end: only ${machine.choiceCount} of the ${readChoiceCount(request)} answers that were requested came.`;
  // The service would send as few answers again.
  return new Failure("interrupted", message, { retryable: false });
}

/** Creates the failure of an answer in one piece that has no choices. */
export function createWrongFormFailure(): Failure {
  return new Failure(
    "bad_response",
    "The service's answer is not in the form of Chat Completions. Check the base URL.",
  );
}
