import { Failure } from "../../../core/failure.js";
import { type ClientFailure, createRefusal, describeFailure } from "../../../serving/client-failure.js";

/** Thrown instead of an answer: why a request is refused before it reaches a flow. */
export class RefusedRequest extends Error {
  constructor(readonly failure: ClientFailure) {
    super(failure.message);
  }
}

/** Creates the refusal of a request. */
export function createRefusedRequest(...args: Parameters<typeof createRefusal>): RefusedRequest {
  return new RefusedRequest(createRefusal(...args));
}

/** Tells a client why its request failed. What nobody has foreseen is for the author of the flow only. */
export function toClientFailure(thrown: unknown): ClientFailure {
  if (thrown instanceof RefusedRequest) return thrown.failure;
  if (thrown instanceof Failure) return describeFailure(thrown.toJSON());
  return createRefusal(500, "The request could not be handled.", { type: "server_error" });
}
