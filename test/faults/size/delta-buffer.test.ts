import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { createFlowNode, createSinkNode, TAB } from "../../support/flows/nodes.js";
import { assertFreeLoop } from "../../support/loop-delay.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { TestRuntime } from "../../support/runtime/node-red-runtime.js";
import { waitTicks } from "../../support/waiting.js";
import { createStreamMessages } from "../../support/worlds/collect-world.js";

function createFlow(config: Record<string, unknown>, out = "out"): FlowNode[] {
  return [TAB, createFlowNode("delta-buffer", "buffer", [out], config), createSinkNode(out)];
}

describe("Buffer of text", () => {
  let runtime: TestRuntime;
  before(async () => {
    runtime = await TestRuntime.start();
  });
  afterEach(() => runtime.clearRecords());
  after(() => runtime.stop());

  const send = (...messages: Message[]) => {
    for (const message of messages) runtime.inject("buffer", message);
  };

  it("P11: never sends half of a surrogate pair that the model splits over two messages", async () => {
    for (const config of [
      { count: 2 },
      { characters: 1 },
      { milliseconds: 5 },
      { boundary: "word" },
      { smooth: true, pace: 500 },
    ]) {
      await runtime.deploy(createFlow(config));
      const whole = "Hi \ud83d\ude00 \ud83d\udc69\u200d\ud83d\ude80 there";
      send(...createStreamMessages([...Array(whole.length).keys()].map((at) => whole[at]!)));
      const [last] = await runtime.waitForEnds("out");
      const messages = runtime.getMessages("out");
      assert.equal(joinPayloads(messages), whole, JSON.stringify(config));
      for (const { payload } of messages)
        assert.doesNotMatch(payload as string, /\p{Cs}/u, JSON.stringify(config));
      assert.equal(last!.parts!.count, messages.length);
      runtime.clearRecords();
    }
  });

  it("S11: merges 50,000 messages a second to few, with a free event loop and bounded memory", async () => {
    await runtime.deploy(createFlow({ milliseconds: 50 }));
    const total = 50_000;
    const perTick = 50;
    let arrived = 0;
    runtime.reactions.set("out", ({ payload }) => {
      arrived += (payload as string).length;
    });
    const before = process.memoryUsage().heapUsed;
    let maxGrowth = 0;
    let started = 0;
    await assertFreeLoop(async () => {
      started = performance.now();
      for (let index = 0; index < total; index += perTick) {
        for (let at = index; at < index + perTick; at++)
          send({ payload: "word ", parts: { id: "fast", index: at, type: "string", ch: "" } });
        maxGrowth = Math.max(maxGrowth, process.memoryUsage().heapUsed - before);
        await waitTicks(1);
      }
      send(
        ...createStreamMessages([]).map((last) => ({
          ...last,
          parts: { id: "fast", index: total, type: "string", ch: "", count: total + 1 },
        })),
      );
      await runtime.waitForEnds("out");
    });
    const seconds = (performance.now() - started) / 1000;
    assert.equal(arrived, total * 5);
    const messages = runtime.getMessages("out").length;
    assert.ok(messages <= seconds * 25 + (total * 5) / 4000 + 2, `${messages} messages in ${seconds} s`);
    assert.ok(maxGrowth < 100 * 1024 * 1024, `memory grew by ${maxGrowth} bytes`);
  });

  it("R11: drops held text at a redeploy, so that nothing of it reaches the new flow", async () => {
    for (const [config, type] of [
      [{ milliseconds: 30 }, "nodes"],
      [{ smooth: true }, "nodes"],
      [{ boundary: "sentence", milliseconds: 30 }, "full"],
    ] as const) {
      await runtime.deploy(createFlow(config, "old"));
      send(...createStreamMessages(["held text", " and more"]).slice(0, 2));
      await waitTicks(10);
      await runtime.deploy(createFlow({ ...config, count: 7 }, "new"), type);
      // On a busy machine the held text may leave before the deploy is done. Only later messages are wrong.
      const before = runtime.getMessages("old").length;
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(runtime.getMessages("old").length, before);
      assert.deepEqual(runtime.getMessages("new"), []);
      send(...createStreamMessages(["fresh"], {}, "fresh"));
      await runtime.waitForEnds("new");
      assert.equal(joinPayloads(runtime.getMessages("new")), "fresh");
      runtime.clearRecords();
    }
  });
});
