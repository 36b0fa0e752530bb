import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { readStreamError } from "../stream-error.js";
import { toText } from "../wire-values.js";

/** Events that end an answer, with the status that each stands for. The status in the event itself comes first. */
const STATUS_BY_EVENT: ReadonlyMap<string, string> = new Map([
  ["completed", "completed"],
  ["done", "completed"],
  ["incomplete", "incomplete"],
  ["failed", "failed"],
  ["cancelled", "cancelled"],
]);

/** Whether an event ends the answer. @param event its type without `response.` */
export function isEnding(event: string): boolean {
  return STATUS_BY_EVENT.has(event);
}

/**
 * Reads why an answer ended.
 * @param response the whole answer, as the last event or a response without streaming has it
 * @returns the service's word: `completed`, or the reason why the answer is incomplete
 * @throws Failure if the answer failed or was cancelled
 */
export function readEndReason(event: string, response: Record<string, unknown>): string {
  const { error, incomplete_details: details } = response;
  // Some services name the event `completed` whatever the status is.
  const ownStatus = toText(response["status"]);
  const status = isEnding(ownStatus) ? ownStatus : STATUS_BY_EVENT.get(event);
  if (error) throw readStreamError({ error }, "error")!;
  const reason = isObject(details) ? toText(details["reason"]) : "";
  if (reason === "interrupted") {
    throw new Failure("interrupted", "The service reports that the model's answer broke off.");
  }
  if (status === "cancelled") {
    throw new Failure("cancelled", "The answer was cancelled at the service.", { retryable: false });
  }
  if (status === "completed") return status;
  if (reason !== "") return reason;
  if (status === "incomplete") return status;
  throw new Failure("server_error", "The service reports that the answer failed and gave no details.");
}

/**
 * Checks a response that is not an event of a stream.
 * @throws Failure `bad_response` if it has no answer
 */
export function checkWholeResponse({ status, output, error }: Record<string, unknown>): void {
  if (status === "queued" || status === "in_progress") {
    throw new Failure(
      "bad_response",
      "The service works on the request in the background and sent no stream. Remove background from the options.",
      { retryable: false },
    );
  }
  if (!error && !Array.isArray(output)) {
    throw new Failure(
      "bad_response",
      "The service's response has no output. Check the base URL and the model.",
    );
  }
}
