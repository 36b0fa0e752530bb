import assert from "node:assert/strict";
import {
  type ChatRequest,
  checkBodySize,
  checkRequest,
  cleanParameters,
} from "../../../src/core/chat/request.js";
import { Failure } from "../../../src/core/failure.js";

const GOOD: ChatRequest = { model: "m", messages: [{ role: "user", content: "hi" }] };

describe("Chat request", () => {
  it("accepts a request with a model and messages", () => {
    checkRequest(GOOD);
    checkRequest({ ...GOOD, tools: [] });
  });

  it("refuses a request that lacks something, and says what", () => {
    const rows: [object, RegExp][] = [
      [{ model: "" }, /model/],
      [{ model: "  " }, /model/],
      [{ model: undefined }, /model/],
      [{ messages: [] }, /empty/],
      [{ messages: "hi" }, /empty/],
      [{ messages: [{ role: "user" }, { content: "x" }] }, /Message 1/],
      [{ messages: [null] }, /Message 0/],
      [{ messages: [{ role: "" }] }, /Message 0/],
      [{ tools: {} }, /msg\.tools/],
    ];
    for (const [change, says] of rows) {
      assert.throws(
        () => checkRequest({ ...GOOD, ...change } as ChatRequest),
        (thrown) =>
          thrown instanceof Failure && thrown.code === "invalid_request" && says.test(thrown.message),
        JSON.stringify(change),
      );
    }
  });

  it("refuses a body above the limit as a limit, counted in bytes, and takes one of exactly the limit", () => {
    const send = (body: string) =>
      checkBodySize({ method: "POST", url: new URL("http://x"), headers: {}, body }, 6);
    send("äöü");
    assert.throws(
      () => send("äöüx"),
      (thrown) =>
        thrown instanceof Failure &&
        thrown.code === "limit" &&
        !thrown.retryable &&
        /has 7 bytes, more than the limit of 6\. Send a shorter/.test(thrown.message),
    );
  });

  it("removes parameters that are null and fields that this package sets itself", () => {
    assert.deepEqual(
      cleanParameters({
        parameters: {
          temperature: 0,
          stop: "",
          n: null,
          top_p: undefined,
          stream: false,
          model: "x",
          messages: 1,
          tools: 2,
        },
      }),
      { temperature: 0, stop: "" },
    );
    assert.deepEqual(cleanParameters({}), {});
  });

  it("removes parameters about tools if there are none, which services refuse", () => {
    const parameters = { tool_choice: "auto", parallel_tool_calls: false, seed: 1 };
    assert.deepEqual(cleanParameters({ parameters, tools: [] }), { seed: 1 });
    assert.deepEqual(cleanParameters({ parameters }), { seed: 1 });
    assert.deepEqual(cleanParameters({ parameters, tools: [{}] }), parameters);
  });
});
