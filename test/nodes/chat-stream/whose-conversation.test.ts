import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

const VISITOR_1 = { type: "websocket", id: "visitor-1" };
const VISITOR_2 = { type: "websocket", id: "visitor-2" };
const BY_SESSION = { conversationKey: "_session", conversationKeyType: "msg" };

/** Pairs of keys of two visitors; none of them may share anything. */
const PAIRS: readonly (readonly [what: string, one: unknown, other: unknown])[] = [
  ["two objects", VISITOR_1, VISITOR_2],
  ["two Maps", new Map([["id", 1]]), new Map([["id", 2]])],
  ["two arrays", ["a"], ["b"]],
  ["an array and the same words as text", ["a", "b"], "a,b"],
  ["an object and its text", VISITOR_1, "[object Object]"],
  ["two dates", new Date(0), new Date(1)],
  ["two numbers that are none", Number.NaN, Number.NaN],
  ["two truth values", true, true],
];

describe("Conversations of two visitors", () => {
  const service = useService();
  const runtime = useRuntime();

  async function ask(...messages: Message[]): Promise<Message[]> {
    for (const message of messages) {
      const { length } = getEnds();
      runtime().inject("ask", message);
      await runtime().waitForEnds("out", length + 1);
    }
    return getEnds();
  }
  const getEnds = () =>
    runtime()
      .getMessages("out")
      .filter(({ complete }) => complete === true);
  const getCode = (message: Message) => (message.error as { code: string } | undefined)?.code;

  for (const conversation of ["flow", "global", "msg"]) {
    for (const [what, one, other] of PAIRS) {
      it(`X11: share nothing if their keys are ${what} (conversation in ${conversation})`, async () => {
        await runtime().deploy(createAskFlow(service().url, { conversation, ...BY_SESSION }));
        await ask({ payload: "my secret is 42", _session: one }, { payload: "what?", _session: other });
        for (const { body } of service().requests)
          assert.equal((body["messages"] as unknown[]).length, 1, "only the visitor's own question");
        const refused = getEnds().filter(({ error }) => error !== undefined);
        assert.ok(refused.length > 0);
        for (const message of refused) {
          assert.equal(getCode(message), "invalid_request");
          assert.match(
            (message.error as Error).message,
            /msg\._session must be a text or a number, not .* an id\.$/,
          );
        }
      });
    }
  }

  for (const conversation of ["key", "flow"]) {
    for (const whenBusy of ["concurrent", "wait", "replace"]) {
      it(`X11: are stopped by nobody else's command or question if the key is an object (${conversation}, ${whenBusy})`, async () => {
        service().script = (reply) => void reply.send("half");
        const flow = createAskFlow(service().url, { conversation, whenBusy, ...BY_SESSION });
        await runtime().deploy(flow);
        runtime().inject("ask", { payload: "mine", _session: "visitor-1" });
        await runtime().waitUntil("out", (messages) => messages.length === 1);
        for (const command of [{ cancel: true }, { reset: true }, { payload: "new" }])
          runtime().inject("ask", { ...command, _session: VISITOR_2 });
        const errors = await runtime().waitUntil("errors", (messages) => messages.length === 3);
        await pause(20);
        for (const { error } of errors) assert.match((error as Error).message, /msg\._session must be/);
        assert.deepEqual(
          getEnds().map(getCode),
          ["invalid_request"],
          "only the question that is refused ends",
        );
        runtime().inject("ask", { cancel: true, _session: "visitor-1" });
        const last = (await runtime().waitForEnds("out", 2))[1]!;
        assert.equal(last.finishReason, "cancelled");
      });
    }
  }

  for (const id of [VISITOR_2, ["x"], true, Number.NaN]) {
    it(`X11: are stopped by no command whose msg.parts.id is ${JSON.stringify(id)}`, async () => {
      service().script = (reply) => void reply.send("half");
      await runtime().deploy(createAskFlow(service().url, { conversation: "key" }));
      runtime().inject("ask", { payload: "mine", topic: "t" });
      await runtime().waitUntil("out", (messages) => messages.length === 1);
      runtime().inject("ask", { cancel: true, topic: "t", parts: { id, index: 0 } as never });
      const [error] = await runtime().waitUntil("errors", (messages) => messages.length === 1);
      assert.match((error!.error as Error).message, /msg\.parts\.id must be a text or a number/);
      await pause(20);
      assert.deepEqual(getEnds(), []);
    });
  }

  it("are one if a number and a text are the same, as in an address and in JSON", async () => {
    await runtime().deploy(createAskFlow(service().url, { conversation: "flow" }));
    await ask({ payload: "A", topic: 7 }, { payload: "B", topic: "7" });
    assert.equal((service().requests[1]!.body["messages"] as unknown[]).length, 3);
  });

  it("are refused by any expression that gives no text", async () => {
    const settings = { conversation: "flow", conversationKey: "user", conversationKeyType: "jsonata" };
    await runtime().deploy(createAskFlow(service().url, settings));
    const [object, text] = await ask({ payload: "A", user: { id: 1 } }, { payload: "B", user: "ada" });
    assert.equal(getCode(object!), "invalid_request");
    assert.match((object!.error as Error).message, /The conversation key \(jsonata “user”\) must be/);
    assert.equal(text!.finishReason, "stop");
  });
});
