import assert from "node:assert/strict";
import {
  buildFinishFields,
  type FinishFault,
  isCutOff,
  isUnfinished,
  normaliseFinishReason,
  readFinishFault,
} from "../../../src/core/chat/finish-reason.js";

describe("Finish reason", () => {
  const ROWS: Readonly<Record<string, readonly string[]>> = {
    stop: [
      "stop",
      "end_turn",
      "stop_sequence",
      "eos",
      "STOP",
      "eos_token",
      "COMPLETE",
      "eosFound",
      "stopStringFound",
      "REASON_STOP",
      "FINISH_REASON_STOP",
      "normal",
    ],
    length: [
      "length",
      "MAX_TOKENS",
      "model_length",
      "max_output_tokens",
      "max_new_tokens",
      "max_length",
      "token_limit",
      "model_context_window_exceeded",
      "context_length_exceeded",
      "contextLengthReached",
      "maxPredictedTokensReached",
      "REASON_MAX_LEN",
      "REASON_MAX_CONTEXT",
      "ERROR_LIMIT",
      "limit",
    ],
    tool_calls: ["tool_calls", "tool_use", "function_call", "toolCalls", "TOOL_CALL", "REASON_TOOL_CALLS"],
    content_filter: [
      "content_filter",
      "SAFETY",
      "refusal",
      "sensitive",
      "content_filtered",
      "contentFilter",
      "guardrail_intervened",
      "ERROR_TOXIC",
      "IMAGE_SAFETY",
      "MODEL_ARMOR",
      "content_filter: PROHIBITED_CONTENT",
      "moderation_blocked",
      "inappropriate",
      "nsfw",
      "self_harm",
      "UNSAFE",
      "policy_violation",
      "data_inspection_failed",
    ],
  };
  for (const [word, reasons] of Object.entries(ROWS)) {
    it(`is translated into ${word}`, () => {
      for (const raw of reasons) {
        assert.equal(normaliseFinishReason(raw), word, raw);
        assert.equal(readFinishFault(raw), undefined, raw);
      }
    });
  }

  it("stays the vendor's word if it is not known, and is unknown if it is missing", () => {
    for (const raw of ["Other", "toString", "LANGUAGE", "pause_turn", "load", "default", "userStopped"]) {
      assert.equal(normaliseFinishReason(raw), raw);
      assert.equal(readFinishFault(raw), undefined, raw);
    }
    for (const none of ["", null, undefined]) assert.equal(normaliseFinishReason(none), "unknown");
  });

  const FAULTS: Readonly<Partial<Record<FinishFault["code"], readonly string[]>>> = {
    server_error: [
      "error",
      "INSUFFICIENT_SYSTEM_RESOURCE",
      "ERROR",
      "failed",
      "failure",
      "server_error",
      "upstream-error",
      "internal",
      "REASON_INVALID",
      "modelUnloaded",
      "tool_error",
      "unknown_error",
      "server_shutting_down",
      "kv_cache_exhausted",
      "http_502",
      "panic",
      "exception",
    ],
    interrupted: [
      "network_error",
      "NETWORK",
      "connectionError",
      "abort",
      "aborted",
      "cancelled",
      "USER_CANCEL",
      "interrupted",
      "disconnected",
      "connection_reset",
      "worker_died",
      "peer_closed",
      "socket_hang_up",
      "incomplete_stream",
      "premature_close",
      "unexpected_eof_closed",
    ],
    overloaded: [
      "overloaded",
      "engine_overloaded_error",
      "server-busy",
      "unavailable",
      "at_capacity",
      "overcapacity",
    ],
    rate_limit: ["rate_limit", "rateLimitExceeded", "throttled", "too_many_requests", "quota_exceeded"],
    timeout: [
      "timeout",
      "TIMEOUT",
      "timed_out",
      "REASON_TIME_LIMIT",
      "time_limit",
      "deadline_exceeded",
      "wall_time_exceeded",
    ],
    bad_response: [
      "MALFORMED_FUNCTION_CALL",
      "malformed_tool_use",
      "malformed_model_output",
      "function_call_filter: MALFORMED_FUNCTION_CALL",
      "UNEXPECTED_TOOL_CALL",
      "invalid_tool_call",
      "bad_tool_call",
      "unparsable_function_call",
      "MALFORMED_RESPONSE",
    ],
  };
  for (const [code, reasons] of Object.entries(FAULTS)) {
    it(`reports a fault that a retry may mend: ${code}`, () => {
      for (const raw of reasons!) {
        const fault = readFinishFault(raw);
        assert.deepEqual([fault?.code, fault?.retryable], [code, true], raw);
        assert.ok(isCutOff(raw), raw);
        assert.equal(normaliseFinishReason(raw), raw);
      }
    });
  }

  it("reports a fault that no retry mends", () => {
    for (const raw of ["TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE"])
      assert.equal(readFinishFault(raw)?.retryable, false, raw);
  });

  it("reports no fault if there is none", () => {
    for (const none of ["stop", "", null, undefined]) assert.equal(readFinishFault(none), undefined);
  });

  it("says that the choice goes on if the service writes null as a text", () => {
    for (const raw of ["", "null", "None", "FINISH_REASON_UNSPECIFIED", "not_finished"])
      assert.ok(isUnfinished(raw), raw);
    for (const raw of ["stop", "unknown", "error"]) assert.ok(!isUnfinished(raw), raw);
  });

  it("is kept in the vendor's word beside the common one", () => {
    const fields = (reason: string, native: string) => ({
      finish_reason: reason,
      native_finish_reason: native,
    });
    assert.deepEqual(buildFinishFields("end_turn", true), fields("tool_calls", "end_turn"));
    assert.deepEqual(buildFinishFields("network_error", true), fields("network_error", "network_error"));
  });

  it("is read in linear time, however long it is", () => {
    for (const part of ["max_", "content_", "a_", "_"]) normaliseFinishReason(part.repeat(1_000_000));
  });
});
