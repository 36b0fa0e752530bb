import assert from "node:assert/strict";
import { chatStream, type FailureCode } from "../../../src/index.js";
import { DONE, formatDelta, formatRecord } from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import {
  ask,
  assertStreamComplete,
  buildChatOptions,
  matchFailure,
} from "../../support/worlds/started-stream.js";

const formatEnd = (reason: string | null, fields: object = {}) =>
  formatRecord({ choices: [{ index: 0, delta: {}, finish_reason: reason, ...fields }] });

const serve = (...ends: string[]) =>
  startChaosServer((peer, at) =>
    peer.respond(200, { "content-type": "text/event-stream" }, formatDelta("half") + ends[at % ends.length]),
  );

describe("Finish reason that means a fault", () => {
  const ROWS: readonly (readonly [string, FailureCode])[] = [
    ["error", "server_error"],
    ["insufficient_system_resource", "server_error"],
    ["network_error", "interrupted"],
    ["abort", "interrupted"],
    ["overloaded", "overloaded"],
    ["TIMEOUT", "timeout"],
    ["malformed_function_call", "bad_response"],
    ["UNEXPECTED_TOOL_CALL", "bad_response"],
    ["failed", "server_error"],
  ];
  for (const [reason, code] of ROWS) {
    it(`P16: fails the stream with a retryable error: ${reason}`, async () => {
      await using server = await serve(
        formatEnd(reason) + DONE,
        formatEnd(reason),
        formatEnd("stop", { native_finish_reason: reason }) + DONE,
        formatEnd("error", { native_finish_reason: reason }) + DONE,
      );
      for (let at = 0; at < 4; at++) {
        await assert.rejects(
          chatStream(buildChatOptions(server)).collect(),
          (thrown: { retryable?: boolean; partial?: string; message?: string }) => {
            matchFailure(code)(thrown as Error);
            assert.deepEqual([thrown.retryable, thrown.partial], [true, "half"]);
            assert.ok(thrown.message?.includes(reason), "the message names the reason");
            return true;
          },
        );
      }
    });
  }

  it("P16: completes an answer that was withheld or too long, in the words of the message contract", async () => {
    await using server = await serve(
      formatEnd("sensitive") + DONE,
      formatEnd("guardrail_intervened") + DONE,
      formatEnd("content_filter", { native_finish_reason: "ERROR_TOXIC" }) + DONE,
      formatEnd("max_output_tokens") + DONE,
      formatEnd("length", { native_finish_reason: "error_limit" }) + DONE,
      formatEnd("stop", { native_finish_reason: "STOP" }) + DONE,
      formatEnd("null") + DONE,
    );
    const reasons = [
      "content_filter",
      "content_filter",
      "content_filter",
      "length",
      "length",
      "stop",
      "unknown",
    ];
    for (const reason of reasons) assertStreamComplete(await ask(server), "half", reason);
  });
});
