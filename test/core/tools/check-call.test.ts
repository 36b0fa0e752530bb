import assert from "node:assert/strict";
import { checkCall } from "../../../src/core/tools/check-call.js";

describe("Check of a tool call", () => {
  it("finds the tool of a request inside of a namespace, and no other", () => {
    const tools = [{ type: "namespace", name: "crm", tools: [{ type: "function", name: "find" }] }];
    const check = (name: string) =>
      checkCall({ id: "c", type: "function", function: { name, arguments: "{}" } }, new Map(), tools, false);
    assert.deepEqual(check("find"), { arguments: {}, tool: undefined });
    assert.ok("problem" in check("crm"));
  });
});
