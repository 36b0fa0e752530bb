import assert from "node:assert/strict";
import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

/** What authors make of a payload on the way. */
const CHANGES = {
  "an object": "msg.payload = { text: msg.payload };",
  nothing: "delete msg.payload;",
  "a list": "msg.payload = [msg.payload];",
  "a boolean": "msg.payload = true;",
  "a buffer": "msg.payload = Buffer.from(msg.payload);",
};

describe("Stream whose payloads are no text any more", () => {
  const runtime = useRuntime();
  const service = useService();

  for (const between of ["collect", "delta-buffer", "retry", "tool-call-router"]) {
    it(`X11: ends once, with an error that says so, behind ${between}`, async () => {
      for (const [what, change] of Object.entries(CHANGES)) {
        const wires = between === "collect" ? ["collect"] : ["between"];
        await runtime().deploy([
          TAB,
          createProviderNode(service().url),
          createChatStreamNode({ wires: [["change"]] }),
          createFlowNode("function", "change", wires, { func: `${change} return msg;`, outputs: 1 }),
          ...(between === "collect"
            ? []
            : [
                {
                  ...createFlowNode(between, "between", []),
                  outputs: 2,
                  tools: [],
                  wires: [["collect"], ["ask"]],
                },
              ]),
          createCollectNode(),
          createSinkNode("finished"),
          createSinkNode("unfinished"),
          ...createWitnessNodes(),
        ]);
        runtime().clearMessages();
        runtime().inject("ask", { payload: "q" });
        const [unfinished] = await runtime().waitUntil("unfinished", (messages) => messages.length > 0, what);
        const error = unfinished!["error"] as { code: string; message: string };
        assert.equal(error.code, "bad_response");
        assert.match(error.message, new RegExp(`has ${what} as its payload`));
        assert.deepEqual(runtime().getMessages("finished"), []);
        await runtime().waitUntil("errors", (messages) => messages.length > 0, "the Catch node");
      }
    });
  }
});
