import assert from "node:assert/strict";
import { createAskFlow } from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

/** Streams that one node runs and lets wait. */
const COUNT = 2_000;

/** Streams whose last messages may arrive in one turn of the event loop. */
const MAX_PER_TURN = 300;

describe("Stopping thousands of waiting streams", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Starts streams of which one runs, and the others wait for it. */
  async function startStreams(settings: Record<string, unknown>): Promise<void> {
    service().script = (reply, { body }) => {
      const [{ content }] = body["messages"] as [{ content: string }];
      if (content === "next") reply.say("Next");
      else reply.send("half");
    };
    await runtime().deploy(
      createAskFlow(service().url, settings, { maxConcurrent: 1, maxQueued: 2 * COUNT }),
    );
    for (let nth = 0; nth < COUNT; nth++) runtime().inject("ask", { payload: "old", topic: "t" });
    await runtime().waitUntil("out", (messages) => messages.length === 1);
    await waitUntil(() => runtime().inputs.get("ask")!.got === COUNT);
  }

  const listEnds = () =>
    runtime()
      .getMessages("out")
      .filter(({ complete }) => complete);

  it("sends one last message for each, not all in one turn of the event loop", async () => {
    await startStreams({});
    let turn = 0;
    let timer = setImmediate(function look() {
      turn++;
      timer = setImmediate(look);
    });
    const perTurn = new Map<number, number>();
    runtime().reactions.set("out", () => perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1));
    runtime().inject("ask", { cancel: true });
    const ends = await runtime().waitForEnds("out", COUNT);
    clearImmediate(timer);
    assert.ok(ends.every(({ finishReason }) => finishReason === "cancelled"));
    assert.equal(new Set(ends.map(({ parts }) => parts!.id)).size, COUNT);
    assert.ok(Math.max(...perTurn.values()) <= MAX_PER_TURN, JSON.stringify([...perTurn]));
    assert.equal(service().requests.length, 1);
  });

  for (const settings of [
    { whenBusy: "concurrent" },
    { whenBusy: "wait", conversation: "key" },
    { whenBusy: "steer", conversation: "key" },
  ]) {
    it(`asks the question that follows before all last messages have left, with ${settings.whenBusy}`, async () => {
      await startStreams(settings);
      let endsBefore: number | undefined;
      const { script } = service();
      service().script = (reply, request) => {
        endsBefore = listEnds().length;
        script(reply, request);
      };
      runtime().inject("ask", { cancel: true, topic: "t" });
      runtime().inject("ask", { payload: "next", topic: "t" });
      const ends = await runtime().waitForEnds("out", COUNT + 1);
      assert.ok(endsBefore !== undefined && endsBefore < COUNT, `${endsBefore} streams had ended`);
      assert.equal(ends.filter(({ finishReason }) => finishReason === "stop").length, 1);
    });
  }

  it("finishes each message once and sends nothing more if the node is closed meanwhile", async () => {
    await startStreams({});
    runtime().reactions.set("out", () => {
      runtime().reactions.delete("out");
      closed = (runtime().getNode("ask") as unknown as { close(): Promise<void> }).close();
    });
    let closed: unknown;
    runtime().inject("ask", { cancel: true });
    await waitUntil(() => closed !== undefined);
    await closed;
    await pause();
    assert.ok(listEnds().length < COUNT, `${listEnds().length} last messages have left`);
    const { got, done } = runtime().inputs.get("ask")!;
    assert.deepEqual([got, done], [COUNT + 1, COUNT + 1]);
  });
});
