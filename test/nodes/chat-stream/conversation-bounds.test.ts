import assert from "node:assert/strict";
import { createAskFlow } from "../../support/flows/nodes.js";
import { TestRuntime } from "../../support/runtime/node-red-runtime.js";
import { createSlowStore } from "../../support/runtime/slow-store.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

describe("Bounds of the conversations of a chat-stream", () => {
  const service = useService();
  const runtime = useRuntime();

  async function ask(topic: unknown, payload = "A"): Promise<number> {
    const { length } = runtime()
      .getMessages("out")
      .filter(({ complete }) => complete === true);
    runtime().inject("ask", { payload, topic });
    await runtime().waitForEnds("out", length + 1);
    return (service().requests.at(-1)!.body["messages"] as unknown[]).length;
  }
  const getVariable = (name: string) =>
    new Promise<unknown>((resolve, reject) => {
      const context = runtime().getNode("ask").context().flow;
      context.get(name, (error, value) => (error ? reject(error) : resolve(value)));
    });
  const setVariable = (name: string, value: unknown) =>
    new Promise<void>((resolve, reject) => {
      const context = runtime().getNode("ask").context().flow;
      context.set(name, value, (error) => (error ? reject(error) : resolve()));
    });
  const listKept = async () => Object.keys(((await getVariable("conversations")) ?? {}) as object);

  it("R25: forget the conversation that was used longest ago if there are too many", async () => {
    await runtime().deploy(createAskFlow(service().url, { conversation: "flow", maxConversations: "3" }));
    for (const topic of ["a", "b", "c", "a", "d"]) await ask(topic);
    assert.deepEqual((await listKept()).sort(), ["a", "c", "d"]);
    assert.equal(await ask("a"), 5, "the conversation that is used goes on");
    assert.equal(await ask("b"), 1, "the forgotten one begins anew");
  });

  it("R25: hold against a thousand visitors who come once", async () => {
    await runtime().deploy(createAskFlow(service().url, { conversation: "flow", maxConversations: 20 }));
    for (let visitor = 0; visitor < 1000; visitor++)
      runtime().inject("ask", { payload: "A", topic: `${visitor}` });
    await runtime()
      .waitForEnds("out", 1000)
      .catch(() => {});
    await waitUntil(
      () => runtime().getMessages("completed").length + runtime().getMessages("errors").length >= 1000,
      "all are done",
    );
    assert.equal((await listKept()).length, 20);
    assert.equal(((await getVariable("conversationTimes")) as unknown[]).length, 20);
  });

  it("R25: drop no conversation for questions that get no answer", async () => {
    await runtime().deploy(createAskFlow(service().url, { conversation: "flow", maxConversations: 2 }));
    await ask("a");
    service().script = (reply) => reply.sendJson(500, {});
    for (const topic of ["x", "y", "z"]) await ask(topic);
    assert.deepEqual(await listKept(), ["a"]);
  });

  it("are 1,000 conversations and no time in a flow of an earlier version", async () => {
    await runtime().deploy(createAskFlow(service().url, { conversation: "flow" }));
    const old = Object.fromEntries(
      Array.from({ length: 1005 }, (_, at) => [`user-${at}`, [{ role: "user", content: "?" }]]),
    );
    await setVariable("conversations", old);
    await ask("new");
    const kept = await listKept();
    assert.equal(kept.length, 1000);
    assert.ok(kept.includes("new") && kept.includes("user-1004") && !kept.includes("user-0"));
    await setVariable("conversationTimes", [["new", 0]]);
    assert.equal(await ask("new"), 3, "a conversation of 1970 goes on");
  });

  it("R25: end a conversation that nobody has used for so many hours", async () => {
    await runtime().deploy(createAskFlow(service().url, { conversation: "flow", keepFor: "2" }));
    await ask("old");
    await ask("new");
    const hour = 3_600_000;
    await setVariable("conversationTimes", [
      ["old", Date.now() - 2 * hour - 1],
      ["new", Date.now() - 2 * hour + 10_000],
    ]);
    assert.equal(await ask("new"), 3);
    assert.deepEqual(await listKept(), ["new"], "another one's turn has it forgotten");
    await ask("old");
    await setVariable("conversationTimes", [["old", Date.now() - 2 * hour - 1]]);
    assert.equal(await ask("old"), 1, "its own next question begins anew");
    assert.equal(((await getVariable("conversations")) as { old: unknown[] }).old.length, 2);
  });

  it("R25: end a conversation also while nobody asks", async () => {
    await runtime().deploy(createAskFlow(service().url, { conversation: "flow", keepFor: 0.2 / 3600 }));
    await ask("a");
    const topics: string[][] = [];
    await waitUntil(() => {
      void listKept().then((kept) => topics.push(kept));
      return topics.at(-1)?.length === 0;
    }, "it is forgotten");
    assert.deepEqual(await getVariable("conversationTimes"), []);
  });

  it("name the variable if the author has one of the same name", async () => {
    await runtime().deploy(createAskFlow(service().url, { conversation: "flow" }));
    await setVariable("conversationTimes", "mine");
    await ask("a");
    const [error] = await runtime().waitUntil("errors", (messages) => messages.length === 1);
    assert.match(
      (error!.error as Error).message,
      /flow context variable “conversationTimes” .* another name/,
    );
    assert.equal(await getVariable("conversationTimes"), "mine");
    assert.equal(await ask("a"), 3);
  });

  for (const [setting, value] of [
    ["maxConversations", 0],
    ["maxConversations", "many"],
    ["maxConversations", true],
    ["keepFor", -1],
    ["keepFor", "a day"],
    ["maxTurns", -1],
    ["maxTurns", "abc"],
    ["maxTurns", 2.5],
  ] as const) {
    it(`are a clear error if ${setting} is ${JSON.stringify(value)}`, async () => {
      await runtime().deploy(createAskFlow(service().url, { conversation: "flow", [setting]: value }));
      runtime().inject("ask", { payload: "A" });
      const [last] = await runtime().waitForEnds("out");
      assert.match(
        (last!.error as Error).message,
        new RegExp(`^The setting ${setting} must be a (?:whole )?number of at least [01]\\.`),
      );
    });
  }
});

describe("Bounds of conversations in a store that knows no nested values", () => {
  const service = useService();

  it("forget the same as in others", async () => {
    const data = new Map<string, string>();
    const runtime = await TestRuntime.start({
      settings: { contextStorage: { default: { module: createSlowStore(data) } } },
    });
    try {
      await runtime.deploy(createAskFlow(service().url, { conversation: "global", maxConversations: 2 }));
      for (const [at, topic] of ["a", "b", "a", "c"].entries()) {
        runtime.inject("ask", { payload: "A", topic });
        await runtime.waitForEnds("out", at + 1);
        await pause(60);
      }
      const kept = [...data.keys()].filter((key) => key.startsWith("conversations["));
      assert.deepEqual(kept.sort(), ['conversations["a"]', 'conversations["c"]']);
    } finally {
      await runtime.stop();
    }
  });
});
