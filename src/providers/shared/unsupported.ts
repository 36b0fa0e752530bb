import { Failure } from "../../core/failure.js";

/** @param what the thing, as the end of a sentence: "the parameter n", "audio (message 2)" */
export function createUnsupportedFailure(service: string, what: string, instead = ""): Failure {
  return new Failure("invalid_request", `${service} cannot take ${what}.${instead ? ` ${instead}` : ""}`);
}

/** A conversation of which nothing is left once what the service takes elsewhere, and what says nothing, is gone. */
export function createEmptyPromptFailure(service: string): Failure {
  return new Failure("invalid_request", `There is nothing to ask: ${service} needs a message of the user's.`);
}
