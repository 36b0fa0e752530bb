import type { FailureCode } from "../failure.js";

/** What the author can do, by error code. */
const ADVICE: Readonly<Partial<Record<FailureCode, string>>> = {
  authentication: "Check the API key in the provider.",
  permission: "The key is valid but may not do this: check its rights and the model.",
  not_found: "Check the model's name and the provider's base URL.",
  insufficient_credits: "Check the balance and the plan of the account.",
  rate_limit: "Send requests less often, or put a retry node behind chat-stream.",
  overloaded: "Try again in a while, or put a retry node behind chat-stream.",
  context_length: "Shorten the conversation or choose a model with a larger context.",
};

/** Finds what the author can do; undefined if nothing is known. */
export function findAdvice(code: FailureCode): string | undefined {
  return ADVICE[code];
}

const DASH = " — ";

/** Adds what the author can do to a sentence about an error of a service. */
export function addAdvice(sentence: string, code: FailureCode): string {
  const advice = ADVICE[code];
  return advice ? `${sentence}${DASH}${advice}` : sentence;
}

/** Removes what `addAdvice` has added. What is left are the service's words. */
export function removeAdvice(sentence: string, code: FailureCode): string {
  const added = DASH + ADVICE[code];
  return sentence.endsWith(added) ? sentence.slice(0, -added.length) : sentence;
}
