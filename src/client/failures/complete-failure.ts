import { removeAdvice } from "../../core/errors/advice.js";
import { Failure, type FailureDetails } from "../../core/failure.js";
import { findModelEnd } from "../../providers/model-ends.js";
import { readFormAdvice } from "../../providers/responses/form-advice.js";
import type { ChatSetup } from "../chat-types.js";
import { hideSecrets } from "../hide-secrets.js";

/**
 * Adds what only the stream knows to a failure: advice on the form of the request, and details. Removes secrets.
 * @param response its status, 0 if none has come; and the body of a refusal, `""` if the service did not refuse
 */
export function completeFailure(
  failure: Failure,
  setup: ChatSetup,
  response: { status: number; refusal: string },
  more: FailureDetails,
): Failure {
  const { endpoint, provider } = setup;
  const { status, refusal } = response;
  const mayBeForm = refusal !== "" || failure.code === "invalid_request" || failure.code === "not_found";
  const advice =
    status > 0 && mayBeForm
      ? (explainEndedModel(failure, setup) ??
        readFormAdvice(provider, endpoint, readStatus(failure, status), refusal || readWords(failure)))
      : undefined;
  const message = advice === undefined ? failure.message : `${failure.message} ${advice}`;
  return hideSecrets(
    new Failure(failure.code, message, { ...failure.toJSON(), cause: failure.cause, ...more }),
    provider,
    endpoint,
  );
}

const NOT_FOUND = 404;

/** Reads the status that a failure stands for. Some services report what they do not have with status 200. */
function readStatus({ status, code }: Failure, responseStatus: number): number {
  return status ?? (code === "not_found" ? NOT_FOUND : responseStatus);
}

const readWords = ({ message, code }: Failure): string => removeAdvice(message, code);

/** Says that the service has ended the model, if it does not know it any more. */
function explainEndedModel({ code }: Failure, { clock, provider, request }: ChatSetup): string | undefined {
  const end = code === "not_found" ? findModelEnd(provider.id, request.model) : undefined;
  return end !== undefined && Date.parse(end) <= clock.date()
    ? `${provider.label} ended ${request.model} on ${end}. Choose a current model from the list in the node.`
    : undefined;
}
