import assert from "node:assert/strict";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import { Failure, type FailureData } from "../../../src/core/failure.js";
import { DEFAULT_TIMEOUTS } from "../../../src/core/limits.js";
import { limitTime } from "../../../src/node-red/chat-provider/ask-options.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

describe("Time limit of a stream", () => {
  const createRequest = (parameters: Record<string, unknown> = {}): ChatRequest => ({
    model: "m",
    messages: [{ role: "user", content: "Hi" }],
    parameters,
  });
  const TIMEOUTS = { ...DEFAULT_TIMEOUTS, total: 60_000 };

  for (const [title, setting, option, total] of [
    ["the provider's without a limit", "", undefined, 60_000],
    ["the provider's if a flow of an earlier version has no such setting", undefined, undefined, 60_000],
    ["the setting of the node", "5", undefined, 5_000],
    ["the option of the message before the setting", "5", 7.5, 7_500],
    ["at most what the provider allows, whatever the setting says", "3600", undefined, 60_000],
    ["at most what the provider allows, whatever the message says", "5", 1e308, 60_000],
  ] as const) {
    it(`is ${title}`, () => {
      const parameters = { seed: 1, ...(option === undefined ? {} : { timeLimit: option }) };
      const { request, timeouts } = limitTime(createRequest(parameters), setting, TIMEOUTS);
      assert.deepEqual(timeouts, { ...TIMEOUTS, total });
      assert.deepEqual(request, createRequest({ seed: 1 }), "the service does not see it");
    });
  }

  it("is refused in words if it is no number above 0", () => {
    for (const option of ["5", 0, -1, null, Number.NaN, { s: 5 }])
      assert.throws(
        () => limitTime(createRequest({ timeLimit: option }), "", TIMEOUTS),
        (thrown) => thrown instanceof Failure && /msg\.options\.timeLimit .* seconds/.test(thrown.message),
      );
    for (const setting of ["soon", "-1"])
      assert.throws(
        () => limitTime(createRequest(), setting, TIMEOUTS),
        (thrown) => thrown instanceof Failure && thrown.code === "configuration",
      );
  });

  describe("in a flow", () => {
    const service = useService();
    const runtime = useRuntime();

    it("ends a stream that takes longer as a timeout with its text, and holds for each attempt of a retry", async () => {
      service().script = (reply) => {
        reply.send("Once ");
      };
      await runtime().deploy(
        createRetryFlow(service().url, { retry: { attempts: 2, afterText: "restart" } }),
      );
      runtime().inject("ask", { payload: "Hi", options: { timeLimit: 0.05, seed: 1 } });
      const [end] = await runtime().waitForEnds("out");
      const error = end!.error as FailureData;
      assert.equal(error.code, "timeout");
      assert.match(error.message, /0\.05 s/);
      assert.equal(error.partial, "Once ");
      assert.match(joinPayloads(runtime().getMessages("out")), /Once $/);
      assert.equal(service().requests.length, 2);
      for (const { body } of service().requests)
        assert.deepEqual([body["timeLimit"], body["seed"]], [undefined, 1]);
    });
  });
});
