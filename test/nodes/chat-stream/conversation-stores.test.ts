import assert from "node:assert/strict";
import { createAskFlow, createChatStreamNode } from "../../support/flows/nodes.js";
import { TestRuntime } from "../../support/runtime/node-red-runtime.js";
import { createSlowStore } from "../../support/runtime/slow-store.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";

const answer: Script = (reply, { body }) => {
  const messages = body["messages"] as { content: string }[];
  reply.say(`re: ${messages.at(-1)!.content}`);
};

function contents(body: Record<string, unknown>): string[] {
  return (body["messages"] as { content: string }[]).map(({ content }) => content);
}

describe("A conversation in a context store of the author", () => {
  const service = useService();
  let runtime: TestRuntime | undefined;
  beforeEach(() => {
    service().script = answer;
  });
  afterEach(async () => {
    await runtime?.stop();
    runtime = undefined;
  });

  it("keeps the conversation over a restart if the store is a file", async () => {
    const settings = {
      contextStorage: { default: { module: "localfilesystem", config: { flushInterval: 1 } } },
    };
    const flow = createAskFlow(service().url, { conversation: "flow" });
    runtime = await TestRuntime.start({ settings });
    const { userDir } = runtime;
    await runtime.deploy(flow);
    runtime.inject("ask", { payload: "A", topic: "us/kitchen" });
    await runtime.waitForEnds("out");
    await runtime.stop(true);

    runtime = await TestRuntime.start({ settings, userDir });
    await runtime.deploy(flow);
    runtime.inject("ask", { payload: "B", topic: "us/kitchen" });
    await runtime.waitForEnds("out");
    assert.deepEqual(contents(service().requests[1]!.body), ["A", "re: A", "B"]);
  });

  it("keeps both turns if the store is slow and two streams end together", async () => {
    const data = new Map<string, string>();
    const settings = { contextStorage: { default: { module: createSlowStore(data) } } };
    runtime = await TestRuntime.start({ settings });
    await runtime.deploy(createAskFlow(service().url, { conversation: "global" }));
    const replies: (() => void)[] = [];
    service().script = (reply, request) => void replies.push(() => answer(reply, request));
    runtime.inject("ask", { payload: "A", topic: "t" });
    runtime.inject("ask", { payload: "B", topic: "t" });
    await service().waitForRequests(2);
    for (const reply of replies) reply();
    await runtime.waitForEnds("out", 2);
    assert.equal((JSON.parse(data.get('conversations["t"]')!) as unknown[]).length, 4);
  });

  it("keeps both turns if two nodes share a store and their streams end together", async () => {
    const data = new Map<string, string>();
    const settings = { contextStorage: { default: { module: createSlowStore(data) } } };
    runtime = await TestRuntime.start({ settings });
    const shared = { conversation: "flow" };
    await runtime.deploy([
      ...createAskFlow(service().url, shared),
      createChatStreamNode({ ...shared, id: "ask too" }),
    ]);
    const replies: (() => void)[] = [];
    service().script = (reply, request) => void replies.push(() => answer(reply, request));
    for (const id of ["ask", "ask too"]) runtime.inject(id, { payload: id, topic: "t" });
    await service().waitForRequests(2);
    for (const reply of replies) reply();
    await runtime.waitForEnds("out", 2);
    assert.equal((JSON.parse(data.get('conversations["t"]')!) as unknown[]).length, 4);
  });

  it("reports a failure of the context store to a Catch node and keeps the answer", async () => {
    const settings = {
      contextStorage: { default: { module: createSlowStore(new Map(), { failure: "disk full" }) } },
    };
    runtime = await TestRuntime.start({ settings });
    await runtime.deploy(createAskFlow(service().url, { conversation: "global" }));
    runtime.inject("ask", { payload: "A", topic: "t" });
    const [last] = await runtime.waitForEnds("out");
    assert.equal(last!.finishReason, "stop");
    assert.ok(last!.request);
    const [caught] = await runtime.waitUntil("errors", (messages) => messages.length > 0);
    const error = caught!.error as { message: string; code: string };
    assert.equal(error.code, "configuration");
    assert.match(error.message, /disk full/);
    assert.equal(runtime.getMessages("completed").length, 0);
  });
});
