import assert from "node:assert/strict";
import fc from "fast-check";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { waitForEnd } from "../../support/runtime/inbox.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { createStreamMessages } from "../../support/worlds/collect-world.js";
import { DeltaBufferWorld } from "../../support/worlds/delta-buffer-world.js";

const listPartials = (messages: readonly Message[]) =>
  messages.filter(({ partial }) => partial !== undefined).map(({ partial }) => partial);

describe("msg.partial", () => {
  const load = useHelper();
  const service = useService();

  async function streamAnswer(
    texts: readonly string[],
    settings: Record<string, unknown>,
    message: Message = {},
  ) {
    service().script = (reply) => reply.say(...texts);
    const flow = await load(createAskFlow(service().url, settings));
    flow.inject("ask", { payload: "Hi", ...message });
    await waitForEnd(flow.getInbox("out"));
    return flow.getInbox("out").messages;
  }

  it("sets msg.partial to the object so far on each message that adds to it", async () => {
    const messages = await streamAnswer(['{"na', 'me": "A', 'da"', ', "age"', ": 36", "}"], {
      partial: true,
    });
    assert.deepEqual(
      messages.map(({ payload, partial }) => [payload, partial]),
      [
        ['{"na', {}],
        ['me": "A', { name: "A" }],
        ['da"', { name: "Ada" }],
        [', "age"', undefined],
        [": 36", undefined],
        ["}", { name: "Ada", age: 36 }],
        ["", undefined],
      ],
    );
    assert.ok(!Object.hasOwn(messages[3]!, "partial"));
  });

  it("sets msg.partial on the last message if only the end of the text completes the value", async () => {
    const messages = await streamAnswer(["4", "2"], { partial: true });
    assert.deepEqual(listPartials(messages), [42]);
    assert.equal(messages.at(-1)!.partial, 42);
    assert.equal(messages.at(-1)!.complete, true);
  });

  it("sets msg.partial on fewer messages if reads are merged, with the same last value", async () => {
    const messages = await streamAnswer(['{"a', '": [', "1, ", "2", "]}"], {
      partial: true,
      mergeReads: true,
    });
    assert.deepEqual(listPartials(messages).at(-1), { a: [1, 2] });
  });

  it("sets msg.partial only if the author wants it, and does not inherit it from an earlier stream", async () => {
    for (const settings of [{}, { partial: false }]) {
      assert.deepEqual(
        listPartials(await streamAnswer(['{"a":1}'], settings, { partial: { old: true } })),
        [],
      );
    }
  });

  it("sets no msg.partial if the answer is not JSON or continues a broken answer", async () => {
    assert.deepEqual(listPartials(await streamAnswer(["Hello ", "there"], { partial: true })), []);
    const tag = { kind: "retry", node: "r", stream: "s", attempt: 2, continues: { added: 1, echo: "" } };
    assert.deepEqual(
      listPartials(await streamAnswer(['{"inner":', " 1}"], { partial: true }, { askedBy: [tag] })),
      [],
    );
  });

  it("passes msg.partial through a delta-buffer, never ahead of the text that was sent", () => {
    const texts = ['{"a": "one ', "two th", 'ree"', ', "b": [', "1, 2", "]}"];
    const states = [
      { a: "one " },
      { a: "one two th" },
      { a: "one two three" },
      undefined,
      undefined,
      { b: 1 },
    ];
    const messages = createStreamMessages(texts).map((message, at) =>
      states[at] === undefined ? message : { ...message, partial: states[at] },
    );
    const words = new DeltaBufferWorld({ boundary: "word" }).take(...messages);
    assert.deepEqual(
      words.sent
        .filter(({ partial }) => partial !== undefined)
        .map(({ payload, partial }) => [payload, partial]),
      [
        ['"one two ', { a: "one " }],
        ['three", "b": ', { a: "one two three" }],
        ["2]}", { b: 1 }],
      ],
    );
    const whole = new DeltaBufferWorld({ characters: 4000 }).take(...messages);
    assert.deepEqual(listPartials(whole.sent), [{ b: 1 }]);
  });

  it("sends msg.partial from every delta-buffer in order, the newest last and none before its text", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 20 }),
        fc.constantFrom<Record<string, unknown>>(
          { count: 3 },
          { characters: 10 },
          { boundary: "word" },
          { smooth: true },
        ),
        async (texts, config) => {
          let received = 0;
          const messages = createStreamMessages(texts).map((message, at) => {
            received += String(message.payload).length;
            return at === texts.length ? message : { ...message, partial: { received } };
          });
          const buffer = new DeltaBufferWorld(config).take(...messages);
          await buffer.clock.advance(60_000);
          let sent = 0;
          let last = 0;
          for (const { payload, partial } of buffer.sent) {
            sent += String(payload).length;
            if (partial === undefined) continue;
            const shown = (partial as { received: number }).received;
            assert.ok(shown > last && shown <= sent, `${shown} of ${sent}`);
            last = shown;
          }
          assert.equal(last, received);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("msg.partial in a flow with a retry node", () => {
  const service = useService();
  const runtime = useRuntime();

  it("starts msg.partial anew if the answer starts anew", async () => {
    service().queue.push(async (reply) => {
      await reply.sendApart('{"a": "fi', 'rst"');
      reply.drop();
    });
    service().script = (reply) => reply.say('{"a": "se', 'cond"}');
    await runtime().deploy(
      createRetryFlow(service().url, { stream: { partial: true, responseFormat: "json_object" } }),
    );
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out");
    const received = runtime()
      .getMessages("out")
      .flatMap(({ partial, reset }) => (reset ? "reset" : (partial ?? [])));
    assert.deepEqual(received, [{ a: "fi" }, { a: "first" }, "reset", { a: "se" }, { a: "second" }]);
  });
});
