import { Failure } from "../../core/failure.js";

/**
 * Creates the failure for a part of a request that a service does not support. Nothing is sent then.
 * @param feature completes the sentence "… cannot take": "the parameter n", "audio (Message 2)"
 * @param advice what the author can do instead; a sentence
 */
export function createUnsupportedFailure(
  service: string,
  feature: string,
  advice = "Leave it out.",
): Failure {
  return new Failure("invalid_request", `${service} cannot take ${feature}. ${advice}`);
}

/** Creates the failure for a conversation without anything to answer, such as system messages alone. */
export function createEmptyPromptFailure(service: string): Failure {
  return new Failure(
    "invalid_request",
    `The prompt is empty: ${service} needs a user message. Add one with text.`,
  );
}

/** Creates the failure for a `tool_choice` that the service has no form for. */
export function createToolChoiceFailure(service: string, choice: unknown): Failure {
  return createUnsupportedFailure(
    service,
    `the tool_choice ${JSON.stringify(choice)}`,
    'Use "auto", "none", "required" or {"type": "function", "function": {"name": …}}.',
  );
}
