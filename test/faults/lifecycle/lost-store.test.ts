import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { TestRuntime } from "../../support/runtime/node-red-runtime.js";
import { createSlowStore } from "../../support/runtime/slow-store.js";
import { useService } from "../../support/services/use-service.js";

/** What a stream waits for that never comes: the node's settings, and what the error says. */
const LOST: Readonly<Record<string, readonly [settings: Record<string, unknown>, error: RegExp]>> = {
  prompt: [
    { prompt: "#:(lost)::question", promptType: "flow" },
    /^The prompt could not be read \(flow “#:\(lost\)::question”\) within 10 s\. Check the context store/,
  ],
  "global prompt": [
    { prompt: "#:(lost)::question", promptType: "global" },
    /^The prompt could not be read \(global /,
  ],
  "system prompt": [
    { system: "#:(lost)::rules", systemType: "flow" },
    /^The system prompt could not be read \(flow /,
  ],
  key: [
    { conversation: "flow", conversationKey: "#:(lost)::user", conversationKeyType: "flow" },
    /^The conversation key of the message could not be read \(flow /,
  ],
};

/** Where the conversation is kept that the default store loses, and what the error says. */
const LOST_CONVERSATIONS: Readonly<Record<string, RegExp>> = {
  lostRead: /The conversation could not be read within 10 s\. Check the context store/,
  lostRoot: /The conversation could not be read within 10 s\./,
  lostWrite: /The conversation could not be stored within 10 s\./,
};

describe("A context store that never answers", () => {
  const service = useService();
  let runtime: TestRuntime;

  before(async () => {
    const data = new Map([
      ['conversations["lostRead"]', "[]"],
      ['conversations["cancelled"]', "[]"],
      ['conversations["healthy"]', "[]"],
    ]);
    const defaultStore = createSlowStore(data, {
      lostReads: /lostRead|cancelled|^conversations$/,
      lostWrites: /lostWrite/,
    });
    data.set('conversations["lostWrite"]', JSON.stringify([{ role: "user", content: "before" }]));
    runtime = await TestRuntime.start({
      settings: {
        contextStorage: {
          default: { module: defaultStore },
          lost: { module: createSlowStore(new Map(), { lostReads: /./, lostWrites: /./ }) },
        },
      },
    });
    const lanes = Object.entries(LOST).flatMap(([name, [settings]]) => [
      { ...createChatStreamNode(settings), id: name, wires: [[`out of ${name}`]] },
      createSinkNode(`out of ${name}`),
    ]);
    await runtime.deploy([
      TAB,
      createProviderNode(service().url),
      ...lanes,
      createChatStreamNode({ conversation: "flow", whenBusy: "wait" }),
      createSinkNode("out"),
      ...createWitnessNodes("ask", ...Object.keys(LOST)),
    ]);
    service().script = (reply) => reply.say("answer");
    for (const name of Object.keys(LOST)) runtime.inject(name, { payload: "q", topic: name });
    for (const topic of Object.keys(LOST_CONVERSATIONS)) runtime.inject("ask", { payload: "q", topic });
    // The next stream of the key waits for the one before, and must end as well.
    runtime.inject("ask", { payload: "again", topic: "lostWrite" });
    runtime.inject("ask", { payload: "q", topic: "cancelled" });
    runtime.inject("ask", { cancel: true, topic: "cancelled" });
    await runtime.waitUntil("out", () => findEnds("out", "cancelled").length === 1);
    runtime.inject("ask", { payload: "q", topic: "healthy" });
    await runtime.waitUntil("out", () => findEnds("out", "healthy").length === 1);
    await runtime.arrivals.waitUntil(
      () =>
        Object.keys(LOST).every((name) => findEnds(`out of ${name}`).length === 1) &&
        findEnds("out").length === 6,
      "all streams have ended",
    );
  });
  after(() => runtime.stop());

  const findEnds = (sink: string, topic?: string): Message[] =>
    runtime
      .getMessages(sink)
      .filter((message) => message.complete === true && (topic === undefined || message.topic === topic));
  const readError = ({ error }: Message) => error as { code: string; message: string; retryable: boolean };
  const findCaught = (topic: string) =>
    runtime.getMessages("errors").filter((message) => message.topic === topic);

  for (const [name, [, pattern]] of Object.entries(LOST)) {
    it(`R24: ends a stream within 10 s that waits for its ${name}, and says so`, () => {
      const [last, ...more] = findEnds(`out of ${name}`);
      assert.equal(more.length, 0);
      const { code, message, retryable } = readError(last!);
      assert.deepEqual([code, retryable], ["configuration", false]);
      assert.match(message, pattern);
      assert.equal(findCaught(name).length, 1);
    });
  }

  for (const topic of ["lostRead", "lostRoot"]) {
    it(`R24: ends a stream within 10 s that waits for its history, and says so (${topic})`, () => {
      const [last, ...more] = findEnds("out", topic);
      assert.equal(more.length, 0);
      assert.match(readError(last!).message, LOST_CONVERSATIONS[topic]!);
    });
  }

  it("R24: ends a stream that cannot store its turn with its whole answer, and tells Catch nodes", () => {
    const ends = findEnds("out", "lostWrite");
    assert.equal(ends.length, 2, "the next stream of the conversation ends as well");
    for (const last of ends) assert.deepEqual([last.finishReason, last.error], ["stop", undefined]);
    assert.equal(findCaught("lostWrite").length, 2);
    for (const { error } of findCaught("lostWrite"))
      assert.match((error as Error).message, LOST_CONVERSATIONS["lostWrite"]!);
  });

  it("R24: lets a command stop a stream at once that waits for it", () => {
    assert.equal(findEnds("out", "cancelled")[0]!.finishReason, "cancelled");
  });

  it("R24: holds up no other conversation", () => {
    assert.equal(findEnds("out", "healthy")[0]!.finishReason, "stop");
  });
});
