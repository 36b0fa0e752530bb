import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { answerByCalls, createMcpFlow, createProgramNode, EVERYTHING } from "../../support/flows/mcp.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

describe("Approval of calls at an MCP server", () => {
  const service = useService();
  const runtime = useRuntime();
  /** Deploys a flow in which calls wait, and asks. @returns the message that waits */
  const ask = async (router: Record<string, unknown> = {}): Promise<Message> => {
    service().script = answerByCalls(["get-sum", { a: 2, b: 40 }]);
    const server = createProgramNode(EVERYTHING, "stdio");
    await runtime().deploy(createMcpFlow(service().url, server, { approve: true }, router));
    runtime().inject("router", { payload: "Hi", topic: "t" });
    return (await runtime().waitUntil("approve", ({ length }) => length > 0))[0]!;
  };
  const readAnswer = async () => {
    await runtime().waitForEnds("out");
    return joinPayloads(runtime().getMessages("out"));
  };

  it("waits at the output of the row, and makes the call once the message comes back as it was", async () => {
    const asked = await ask();
    assert.deepEqual(asked.payload, { a: 2, b: 40 });
    const { name, arguments: args } = asked["toolCall"] as { name: string; arguments: unknown };
    assert.deepEqual([name, args], ["get-sum", { a: 2, b: 40 }]);
    assert.equal(asked["topic"], "t");
    await pause();
    assert.equal(service().requests.length, 1);
    runtime().inject("router", asked);
    assert.equal(await readAnswer(), "The sum of 2 and 40 is 42.");
  });

  it("makes the call once if the message comes back twice, and takes the second for no answer", async () => {
    const asked = await ask();
    runtime().inject("router", structuredClone(asked));
    runtime().inject("router", structuredClone({ ...asked, payload: "I am no answer" }));
    assert.equal(await readAnswer(), "The sum of 2 and 40 is 42.");
  });

  it("makes the call with other arguments if msg.toolCall has them", async () => {
    const asked = await ask();
    const toolCall = { ...(asked["toolCall"] as object), arguments: { a: 3, b: 4 } };
    runtime().inject("router", { ...asked, toolCall });
    assert.equal(await readAnswer(), "The sum of 3 and 4 is 7.");
  });

  it("refuses other arguments that do not fit, and goes on waiting", async () => {
    const asked = await ask();
    runtime().inject("router", {
      ...asked,
      toolCall: { ...(asked["toolCall"] as object), arguments: { a: "x" } },
    });
    const [error] = await runtime().waitUntil("errors", ({ length }) => length > 0);
    assert.match(
      (error!.error as { message: string }).message,
      /do not match the schema of the tool “get-sum”.*still waits/,
    );
    runtime().inject("router", asked);
    assert.equal(await readAnswer(), "The sum of 2 and 40 is 42.");
  });

  it("gives a payload to the model as the answer, and does not ask the server", async () => {
    runtime().inject("router", { ...(await ask()), payload: "It is a secret." });
    assert.equal(await readAnswer(), "It is a secret.");
  });

  it("gives msg.error to the model as a refusal, and does not ask the server", async () => {
    runtime().inject("router", { ...(await ask()), error: "The user said no." });
    assert.equal(await readAnswer(), "Error: The user said no.");
    const [end] = await runtime().waitForEnds("out");
    assert.equal((end!["rounds"] as { calls: { outcome: string }[] }[])[0]!.calls[0]!.outcome, "failed");
  });

  it("tells the model and the author if nobody approves in time", async () => {
    await ask({ toolTimeout: 0.2 });
    assert.match(await readAnswer(), /^Error: The tool timed out/);
    assert.match(JSON.stringify(runtime().logs), /Nobody has approved within 0\.2 s: get-sum/);
  });

  it("tells the author if the output of a row is not wired", async () => {
    service().script = answerByCalls(["echo", { message: "x" }]);
    const wires = { wires: [["out", "collect"], ["ask"]] };
    const server = createProgramNode(EVERYTHING, "stdio");
    await runtime().deploy(createMcpFlow(service().url, server, { approve: true }, wires));
    runtime().inject("router", { payload: "Hi" });
    assert.match(await readAnswer(), /^Error: The tool "echo" is not available/);
  });
});
