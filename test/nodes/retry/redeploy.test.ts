import assert from "node:assert/strict";
import { createRetryFlow } from "../../support/flows/retry.js";
import { groupByStream, joinPayloads } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

const broken: Script = async (reply) => {
  await reply.sendApart("Once", " upon", " a");
  reply.drop();
};

describe("A retry node that is redeployed while its request is answered", () => {
  const service = useService();
  const runtime = useRuntime();
  const ask = () => runtime().inject("ask", { payload: "Hi" });

  const redeploy = (flow: FlowNode[]) => {
    const changed = flow.map((one) => (one.id === "retry" ? { ...one, name: "new" } : one));
    return runtime().deploy(changed, "nodes");
  };

  /** Redeploys the node between a retry request and its answer. @returns the collected text */
  async function redeployBeforeAnswer(retry: object, first: Script, second: string[]): Promise<unknown> {
    let proceed = () => {};
    service().queue.push(first, async (reply) => {
      await new Promise<void>((resolve) => {
        proceed = resolve;
      });
      await reply.sendApart(...second);
      reply.finish();
    });
    const flow = createRetryFlow(service().url, { retry: { ...retry } });
    await runtime().deploy(flow);
    ask();
    await service().waitForRequests(2);
    await redeploy(flow);
    proceed();
    await waitUntil(() => runtime().getMessages("finished").length === 1);
    return runtime().getMessages("finished")[0]!.payload;
  }

  for (const [afterText, text] of [
    ["continue", " time there"],
    ["restart", "Once upon a time there"],
  ] as const) {
    it(`R04: sends the rest of the answer to its reader (${afterText})`, async () => {
      const pieces = text.split(/(?= )/);
      let proceed = () => {};
      service().queue.push(broken, async (reply) => {
        await reply.sendApart(...pieces.slice(0, 1));
        await new Promise<void>((resolve) => {
          proceed = resolve;
        });
        await reply.sendApart(...pieces.slice(1));
        reply.drop();
      });
      service().script = (reply) => reply.say(...(afterText === "restart" ? pieces : []), " was");
      const flow = createRetryFlow(service().url, { retry: { afterText } });
      await runtime().deploy(flow);
      ask();
      await runtime().waitUntil("out", (messages) =>
        joinPayloads(messages).includes(`Once upon a${pieces[0]}`),
      );
      await redeploy(flow);
      proceed();
      const [end] = await runtime().waitForEnds("out");
      assert.equal(end!.finishReason, "stop");
      await waitUntil(() => runtime().getMessages("finished").length === 1);
      assert.equal(runtime().getMessages("finished")[0]!.payload, "Once upon a time there was");
      assert.equal(groupByStream(runtime().getMessages("out")).length, 1);
      assert.equal((end!.request as { messages: unknown[] }).messages.length, 1, "the question alone");
      assert.equal(runtime().getMessages("errors").length, 0);
    });
  }

  it("R04: sends no text twice if it was redeployed before the answer started", async () => {
    const answer = await redeployBeforeAnswer({ afterText: "restart" }, broken, ["Once", " more"]);
    assert.equal(answer, "Once more");
  });

  it("R04: sends white space once that was not part of the prefill", async () => {
    const first: Script = async (reply) => {
      await reply.sendApart("Once ");
      reply.drop();
    };
    assert.equal(await redeployBeforeAnswer({ continueBy: "prefill" }, first, [" more"]), "Once more");
  });
});
