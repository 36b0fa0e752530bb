import { Failure, type FailureDetails } from "../core/failure.js";
import { readFormAdvice } from "../providers/responses/form-advice.js";
import type { ChatSetup } from "./chat-types.js";
import { hideSecrets } from "./hide-secrets.js";

/**
 * Adds what only the stream knows to a failure: advice on the form of the request, and details. Removes secrets.
 * @param response its status, 0 if none has come; and the body of a refusal, `""` if the service did not refuse
 */
export function completeFailure(
  failure: Failure,
  { endpoint, provider }: ChatSetup,
  response: { status: number; refusal: string },
  more: FailureDetails,
): Failure {
  const { status, refusal } = response;
  const mayBeForm = refusal !== "" || failure.code === "invalid_request" || failure.code === "not_found";
  const advice =
    status > 0 && mayBeForm
      ? readFormAdvice(provider, endpoint, status, refusal || failure.message)
      : undefined;
  const message = advice === undefined ? failure.message : `${failure.message} ${advice}`;
  return hideSecrets(
    new Failure(failure.code, message, { ...failure.toJSON(), ...more }),
    provider,
    endpoint,
  );
}
