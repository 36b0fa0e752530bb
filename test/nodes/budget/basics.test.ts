import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { joinPayloads, waitForEnd, waitForEnds } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

const USAGE = { prompt_tokens: 30, completion_tokens: 70, total_tokens: 100 };
let nodeCount = 0;

interface Account {
  key: string;
  spent: number;
  reserved: number;
  left: number;
}

/** Creates a flow: budget, its chat-stream, a cheaper one, and sinks. @param outputs default: stream back, request */
function createBudgetFlow(
  url: string,
  settings: Record<string, unknown>,
  more: { near?: boolean; usedUp?: boolean } = {},
): FlowNode[] {
  // The ledgers of a process outlive their nodes, so no other test may use these ids.
  const id = `basic-budget${nodeCount++}`;
  return [
    TAB,
    createProviderNode(url, { prices: '{"*": {"input": 100, "output": 100}}' }),
    {
      ...createFlowNode("budget", id, [], {
        limit: 1000,
        unit: "tokens",
        window: "day",
        reserve: 100,
        ...settings,
      }),
      wires: [["out"], ["ask"], more.near ? ["cheap"] : [], more.usedUp ? ["usedUp"] : []],
    },
    createChatStreamNode({ wires: [[id]] }),
    { ...createChatStreamNode({ wires: [[id]], model: "cheap" }), id: "cheap" },
    ...["out", "usedUp"].map(createSinkNode),
    ...createWitnessNodes(id),
  ];
}

describe("A budget node", () => {
  const load = useHelper();
  const service = useService();

  async function start(settings: Record<string, unknown> = {}, more = {}) {
    service().script = (reply) => reply.send("Hello").finish("stop", USAGE);
    const nodes = createBudgetFlow(service().url, settings, more);
    const flow = await load(nodes);
    const id = nodes.find(({ type }) => type === "budget")!.id;
    const ask = (message: Message = {}) => flow.inject(id, { payload: "Hi", ...message });
    const look = async (message: Message = {}): Promise<Account> => {
      const before = flow.getInbox("out").size;
      flow.inject(id, { ...message, budget: message["budget"] ?? "ask" });
      const messages = await flow.getInbox("out").waitForCount(before + 1);
      return messages.at(-1)!["budget"] as unknown as Account;
    };
    return { flow, id, ask, look };
  }

  it("fails a request that would be lost, since output 2 has no wire, and reserves nothing", async () => {
    service().script = (reply) => reply.finish();
    const nodes = createBudgetFlow(service().url, {});
    const budget = nodes.find(({ type }) => type === "budget")!;
    const flow = await load(
      nodes.map((node) => (node === budget ? { ...node, wires: [["out"], [], [], []] } : node)),
    );
    flow.inject(budget.id, { payload: "Hi" });
    const [caught] = await flow.getInbox("errors").waitForCount(1);
    const { code, message } = caught!["error"] as { code: unknown; message: string };
    assert.equal(code, "configuration");
    assert.match(message, /^Output 2 of this node leads to no enabled node/);
    flow.inject(budget.id, { budget: "ask" });
    const [told] = await flow.getInbox("out").waitForCount(1);
    assert.equal((told!["budget"] as Account).reserved, 0);
  });

  it("hands a request to the chat-stream and its stream on, and counts the tokens", async () => {
    const { flow, ask, look } = await start();
    ask({ topic: "t" });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(joinPayloads(flow.getInbox("out").messages), "Hello");
    assert.ok(flow.getInbox("out").messages.every((message) => !("askedBy" in message)));
    assert.equal(last.topic, "t");
    assert.equal((last["budget"] as unknown as Account).spent, 100);
    assert.deepEqual(await look(), { ...(last["budget"] as object) });
    assert.equal((await look({ budget: "reset" })).spent, 0);
  });

  it("ends a request as a failed stream with the code budget once the account is used up", async () => {
    const { flow, ask } = await start({ limit: 150 });
    ask();
    ask({ payload: "Later" });
    const ends = await waitForEnds(flow.getInbox("out"), 2);
    const failed = ends.find(({ finishReason }) => finishReason === "error")!;
    const { code, retryable, retryAfterMs, message } = failed.error as unknown as Record<string, unknown>;
    assert.deepEqual([code, retryable], ["budget", false]);
    assert.ok(Number(retryAfterMs) > 0);
    assert.match(String(message), /reserved the rest/);
    assert.equal(service().requests.length, 1);
    const [error] = await flow.getInbox("errors").waitForCount(1);
    assert.equal((error!.error as { code?: string }).code, "budget");
  });

  it("sends requests near the limit by output 3, and beyond it by output 4", async () => {
    const { flow, ask } = await start({ limit: 200, warnAt: 50, reserve: 10 }, { near: true, usedUp: true });
    for (const count of [1, 2]) {
      ask();
      await waitForEnds(flow.getInbox("out"), count);
    }
    assert.deepEqual(
      service().requests.map(({ body }) => body["model"]),
      ["model-1", "cheap"],
    );
    ask({ topic: "too late" });
    const [message] = await flow.getInbox("usedUp").waitForCount(1);
    assert.equal(message!.topic, "too late");
    assert.equal((message!["budget"] as unknown as Account).left, 0);
    assert.equal(service().requests.length, 2);
    assert.equal(flow.getInbox("errors").size, 0);
  });

  it("counts money by msg.cost, and reserves by the price of the model behind it", async () => {
    // A hundred dollars for a million tokens: 100 tokens cost a cent.
    const { flow, ask, look } = await start({ unit: "usd", limit: 0.05 });
    service().script = async (reply) => {
      reply.send("Hello");
      await pause(60);
      reply.finish("stop", USAGE);
    };
    ask();
    await waitUntil(() => service().requests.length === 1);
    const { reserved } = await look();
    assert.ok(reserved > 0.01 && reserved < 0.011, String(reserved));
    await waitForEnd(flow.getInbox("out"));
    const account = await look();
    assert.deepEqual([account.spent, account.reserved], [0.01, 0]);
  });

  it("counts requests, one for each that reached the service", async () => {
    const { flow, ask, look } = await start({ unit: "requests", limit: 2 });
    ask();
    await waitForEnds(flow.getInbox("out"), 1);
    assert.equal((await look()).left, 1);
  });

  it("keeps an account for each value of the key, and refuses a key that is an object", async () => {
    const { flow, ask, look } = await start({ key: "topic", keyType: "msg" });
    ask({ topic: "anna" });
    await waitForEnds(flow.getInbox("out"), 1);
    assert.equal((await look({ topic: "anna" })).spent, 100);
    assert.equal((await look({ topic: "ben" })).spent, 0);
    ask({ topic: {} });
    const [error] = await flow.getInbox("errors").waitForCount(1);
    assert.match((error!.error as { message: string }).message, /msg\.topic must be a text or a number/);
  });

  it("settles a stream that was cancelled by the length of its text, below what was reserved", async () => {
    const { flow, id, ask, look } = await start({ reserve: 500 });
    service().script = (reply) => {
      reply.send("123456");
    };
    ask();
    await flow.getInbox("out").waitForCount(1);
    flow.inject(id, { cancel: true });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(last.finishReason, "cancelled");
    const account = await look();
    assert.equal(account.reserved, 0);
    assert.ok(account.spent > 0 && account.spent < 20, String(account.spent));
  });

  it("charges nothing for a request that the service refuses", async () => {
    const { flow, ask, look } = await start();
    service().script = (reply) => reply.sendJson(401, { error: { message: "No." } });
    ask();
    await waitForEnd(flow.getInbox("out"));
    assert.deepEqual([(await look()).spent, (await look()).reserved], [0, 0]);
  });

  it("says that it has no limit, and asks nothing, if it has none", async () => {
    const { flow, ask } = await start({ limit: "" });
    ask();
    const [error] = await flow.getInbox("errors").waitForCount(1);
    assert.match((error!.error as { message: string }).message, /no limit/);
    assert.equal(service().requests.length, 0);
  });
});
