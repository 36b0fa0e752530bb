import assert from "node:assert/strict";
import { createRetryFlow } from "../../support/flows/retry.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { KeepingService } from "../../support/services/keeping-service.js";
import { buildMessageEvents, buildStream, formatEvents } from "../../support/services/responses-records.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

const CREDENTIALS = { provider: { apiKey: "sk-test-1234567890" } };
const STORY = buildMessageEvents(["Once ", "upon ", "a ", "time."]);

describe("Node-RED's life with answers in the form of Responses", () => {
  const service = useService();
  const runtime = useRuntime();
  let openai: KeepingService;
  /** How many clients have left in the middle of an answer. */
  let left: number;

  beforeEach(() => {
    openai = new KeepingService(service());
    left = 0;
  });

  /** An answer that begins and does not end until its client leaves. */
  const begin = async (
    reply: { open(): { response: { write(bytes: Buffer): unknown } } },
    { gone }: { gone: Promise<unknown> },
  ): Promise<void> => {
    reply.open().response.write(formatEvents(buildStream(STORY).slice(0, 7)));
    await gone;
    left++;
  };

  function createFlow(stream: object = {}, retry: object = {}): FlowNode[] {
    const provider = { provider: "openai", api: "responses" };
    return createRetryFlow(openai.url, { service: provider, stream: { ...stream }, retry: { ...retry } });
  }

  /** Starts a stream, and waits until its text has begun. */
  async function startStream(flow: FlowNode[]): Promise<void> {
    await runtime().deploy(flow, "full", CREDENTIALS);
    runtime().inject("ask", { payload: "Tell me." });
    await runtime().waitUntil("out", (messages) => joinPayloads(messages) !== "");
  }

  /** Asserts that a deploy ends what runs: within a second, without a message then or later. */
  async function assertSilentDeploy(flow: FlowNode[]): Promise<void> {
    const begun = performance.now();
    await runtime().deploy(flow, "full", CREDENTIALS);
    assert.ok(performance.now() - begun < 1000, "closing took longer than a second");
    const { length } = runtime().getMessages("out");
    await pause(60);
    assert.equal(runtime().getMessages("out").length, length);
    assert.ok(
      !runtime()
        .getMessages("out")
        .some(({ complete }) => complete),
    );
  }

  const change = (flow: FlowNode[]) =>
    flow.map((node) => (node.id === "ask" ? { ...node, model: "model-2" } : node));

  it("ends a stream once as cancelled, closes its connection and asks for nothing more", async () => {
    openai.answers = [begin];
    await startStream(createFlow());
    runtime().inject("ask", { cancel: true });
    const [end] = await runtime().waitForEnds("out");
    assert.deepEqual([end!.finishReason, end!.error], ["cancelled", undefined]);
    await waitUntil(() => left === 1, "the service sees that the client has left");
    await pause(40);
    assert.equal(service().requests.length, 1);
    assert.equal(
      runtime()
        .getMessages("out")
        .filter(({ complete }) => complete).length,
      1,
    );
  });

  it("R09: takes up no answer after a deploy in the wait for it, and stops it at the service", async () => {
    openai.answers = [STORY];
    openai.cuts = [7];
    const flow = createFlow({ background: true }, { delay: 60_000, maxDelay: 60_000 });
    await startStream(flow);
    await pause(100);
    await assertSilentDeploy(change(flow));
    await waitUntil(() => openai.stopped.length === 1, "the answer is stopped at the service");
    assert.deepEqual(
      service().requests.map(({ method, path }) => `${method} ${path}`),
      ["POST /v1/responses", "POST /v1/responses/resp_kept1/cancel"],
    );
  });
});
