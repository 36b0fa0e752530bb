import assert from "node:assert/strict";
import { createAskFlow } from "../../support/flows/nodes.js";
import { createSlowStore } from "../../support/runtime/slow-store.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

/** An expression that takes time, as if a database knew the key or the prompt. */
const SLOW = "$flowContext('nobody', 'slow')";

describe("Messages that arrive at the same moment", () => {
  const service = useService();
  const runtime = useRuntime({
    settings: {
      contextStorage: { default: { module: "memory" }, slow: { module: createSlowStore(new Map()) } },
    },
  });

  /** Prompts that the service got, in order. */
  function requestedPrompts(): unknown[] {
    return service().requests.map(({ body }) => (body["messages"] as { content: string }[]).at(-1)!.content);
  }

  const keys: Record<string, Record<string, unknown>> = {
    "no key": {},
    "a key": { conversation: "flow" },
    "a key that takes time": {
      conversation: "flow",
      conversationKeyType: "jsonata",
      conversationKey: `${SLOW} & topic`,
    },
  };
  for (const [name, settings] of Object.entries(keys)) {
    it(`cancels the messages that arrived before the cancel message, with ${name}`, async () => {
      service().script = (reply, { body }) => {
        const [{ content }] = body["messages"] as [{ content: string }];
        if (content === "after") reply.say("whole");
        else reply.send("half");
      };
      await runtime().deploy(createAskFlow(service().url, settings));
      runtime().inject("ask", { payload: "long before", topic: "t" });
      await runtime().waitUntil("out", (messages) => messages.length === 1);
      runtime().inject("ask", { payload: "before", topic: "t" });
      runtime().inject("ask", { cancel: true, topic: "t" });
      runtime().inject("ask", { payload: "after", topic: "t", after: true });
      const lasts = await runtime().waitForEnds("out", 3);
      for (const { after, finishReason } of lasts) assert.equal(finishReason, after ? "stop" : "cancelled");
    });
  }

  it("keeps waiting messages in order of arrival even if the key of one takes time", async () => {
    service().script = (reply) => reply.say("Hello");
    await runtime().deploy(
      createAskFlow(service().url, {
        conversation: "flow",
        whenBusy: "wait",
        conversationKeyType: "jsonata",
        conversationKey: `slow ? ${SLOW} & "t" : "t"`,
      }),
    );
    runtime().inject("ask", { payload: "first", slow: true });
    runtime().inject("ask", { payload: "second" });
    runtime().inject("ask", { payload: "third" });
    await runtime().waitForEnds("out", 3);
    assert.deepEqual(requestedPrompts(), ["first", "second", "third"]);
  });

  it("lets no message wait for one whose key cannot be evaluated", async () => {
    service().script = (reply) => reply.say("Hello");
    await runtime().deploy(
      createAskFlow(service().url, {
        conversation: "flow",
        conversationKeyType: "jsonata",
        conversationKey: "$number(topic)",
      }),
    );
    runtime().inject("ask", { payload: "first", topic: "no number" });
    runtime().inject("ask", { payload: "second", topic: "2" });
    const lasts = await runtime().waitForEnds("out", 2);
    assert.deepEqual(
      lasts.map(({ finishReason }) => finishReason),
      ["error", "stop"],
    );
    await waitUntil(() => runtime().getMessages("errors").length === 1, "a Catch node gets the error");
  });

  it("lets the last message replace the others, even if an earlier prompt takes time", async () => {
    service().script = (reply) => void reply.send("half");
    await runtime().deploy(
      createAskFlow(service().url, {
        whenBusy: "replace",
        promptType: "jsonata",
        prompt: `slow ? ${SLOW} & payload : payload`,
      }),
    );
    runtime().inject("ask", { payload: "first", slow: true });
    runtime().inject("ask", { payload: "second" });
    const [last] = await runtime().waitForEnds("out");
    assert.deepEqual([last!["slow"], last!.finishReason], [true, "cancelled"]);
    await waitUntil(() => requestedPrompts().length === 1, "the second is asked");
    assert.deepEqual(requestedPrompts(), ["second"]);
  });
});
