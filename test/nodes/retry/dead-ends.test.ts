import assert from "node:assert/strict";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { createRetryNode } from "../../support/flows/retry.js";
import {
  createAskNode,
  createSubflow,
  DISABLED_TAB,
  listDeadEnds,
  listOneWays,
  listRoundTrips,
  listWays,
} from "../../support/flows/ways.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

const noCredit: Script = (reply) =>
  reply.sendJson(402, { error: { message: "pay", code: "insufficient_quota" } });
const overloaded: Script = (reply) => reply.sendJson(503, { error: { message: "busy" } });
const getFailure = ({ error }: Message) => error as FailureData;

describe("The way of a retry request", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Deploys `ask` → retry → collect. @param wires of the outputs 2 and 3 */
  async function deploy(wires: string[][], nodes: FlowNode[]): Promise<void> {
    await runtime().deploy([
      TAB,
      DISABLED_TAB,
      createProviderNode(service().url),
      createAskNode("ask", "retry"),
      createAskNode("again", "retry"),
      createRetryNode({ wires: [["collect"], ...wires], attempts: 2 }),
      createCollectNode(),
      ...["finished", "unfinished"].map(createSinkNode),
      ...nodes,
      ...createWitnessNodes("ask", "retry"),
    ]);
  }

  /** Asks a question that fails. @returns the collected message */
  async function askAndFail(): Promise<FailureData> {
    runtime().inject("ask", { payload: "Hi" });
    const [end] = await runtime().waitUntil("unfinished", ({ length }) => length > 0);
    await pause();
    assert.equal(runtime().getMessages("unfinished").length, 1);
    assert.equal(runtime().getMessages("errors").length, 1, "one error at the Catch node");
    assert.equal(service().requests.length, 1, "no request is sent again");
    return getFailure(end!);
  }

  /** Asks a question that is answered in the end. */
  async function askAndSucceed(): Promise<void> {
    runtime().inject("ask", { payload: "Hi" });
    const [end] = await runtime().waitUntil("finished", ({ length }) => length > 0);
    assert.equal(end!.payload, "Hello world");
    await waitUntil(() => service().openStreams === 0);
    assert.equal(service().requests.length, 2);
    assert.equal(runtime().getMessages("errors").length, 0);
  }

  for (const { name, first, nodes } of [...listDeadEnds("again"), ...listOneWays("retry")]) {
    it(`ends the stream with the service's failure at once if output 3 leads to ${name}`, async () => {
      service().script = noCredit;
      await deploy([["ask"], [first]], nodes);
      assert.equal((await askAndFail()).code, "insufficient_credits");
    });

    it(`ends the stream at once and names the output if output 2 leads to ${name}`, async () => {
      service().script = overloaded;
      await deploy([[first], []], nodes);
      const { code, message } = await askAndFail();
      assert.equal(code, "overloaded");
      assert.match(message, /output 2/);
    });

    it(`goes to the fallback at once if output 2 leads to ${name}`, async () => {
      service().queue.push(overloaded);
      await deploy([[first], ["again"]], nodes);
      await askAndSucceed();
    });
  }

  for (const { name, first, nodes } of [...listWays("again"), ...listRoundTrips("retry")]) {
    it(`may lead from output 2 through ${name}`, async () => {
      service().queue.push(overloaded);
      await deploy([[first], []], nodes);
      await askAndSucceed();
    });

    it(`may lead from output 3 through ${name}`, async () => {
      service().queue.push(noCredit);
      await deploy([["ask"], [first]], nodes);
      await askAndSucceed();
    });
  }

  /** Deploys a retry node in a subflow, whose outputs are those of the subflow. @param again wires of output 2 */
  async function deploySubflow(again: string[]): Promise<void> {
    const ports = [0, 1].map((port) => ({ id: "inner", port }));
    await runtime().deploy([
      TAB,
      createProviderNode(service().url),
      createAskNode("ask", "repair"),
      createSubflow("repairing", ["inner"], ports),
      { ...createRetryNode({ z: "repairing", wires: [[], [], []] }), id: "inner" },
      createFlowNode("subflow:repairing", "repair", [], { wires: [["collect"], again] }),
      createAskNode("off", "repair", { d: true }),
      createCollectNode(),
      ...["finished", "unfinished"].map(createSinkNode),
      ...createWitnessNodes("ask"),
    ]);
  }

  it("may lead out of the retry node's subflow and back into it", async () => {
    service().queue.push(overloaded);
    await deploySubflow(["ask"]);
    await askAndSucceed();
  });

  for (const [what, again] of [
    ["has no wire", []],
    ["leads to a disabled node", ["off"]],
    ["leads to a node that does not exist", ["gone"]],
  ] as const) {
    it(`ends the stream at once if the output of the retry node's subflow ${what}`, async () => {
      service().script = overloaded;
      await deploySubflow([...again]);
      assert.equal((await askAndFail()).code, "overloaded");
    });
  }
});
