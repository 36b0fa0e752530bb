import type { CompletionMachine } from "../../core/chat/completion.js";
import { normaliseFinishReason, readFinishFault } from "../../core/chat/finish-reason.js";
import { toExcerpt } from "../../core/errors/error-body.js";
import { Failure } from "../../core/failure.js";

/** Reasons beside which the vendor's own word reports no fault. */
const PROPER_ENDS: ReadonlySet<string> = new Set(["length", "content_filter"]);

/**
 * Creates the failure of an answer whose finish reason reports a fault, such as `network_error`. Gateways keep such a word
 * in `native_finish_reason`, beside a `stop` of their own.
 * @returns undefined if the answer has ended properly
 */
export function createFaultFailure(machine: CompletionMachine): Failure | undefined {
  const { rawFinishReason: raw, nativeFinishReason: native } = machine;
  if (PROPER_ENDS.has(normaliseFinishReason(raw))) return undefined;
  const word = readFinishFault(native) ? native : raw;
  const fault = readFinishFault(word);
  if (!fault) return undefined;
  const advice = fault.retryable ? " Try again, or put a retry node behind chat-stream." : "";
  return new Failure(fault.code, `${fault.message} (${toExcerpt(word!)}).${advice}`, {
    retryable: fault.retryable,
  });
}
