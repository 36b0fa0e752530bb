import assert from "node:assert/strict";
import { chatStream } from "../../src/index.js";
import type { Message } from "../../src/node-red/red/api.js";
import { createCollectFlow, createProviderNode } from "../support/flows/nodes.js";
import { waitForEnd } from "../support/runtime/inbox.js";
import { useHelper } from "../support/runtime/use-helper.js";
import { useService } from "../support/services/use-service.js";
import { runRetry } from "../support/worlds/retry-world.js";
import { createModel, RouterWorld } from "../support/worlds/router-world.js";

const USAGE = { prompt_tokens: 1000, completion_tokens: 500, total_tokens: 1500 };
const CENT = { usd: 0.01, source: "prices" } as const;

describe("msg.cost", () => {
  const load = useHelper();
  const service = useService();

  /** Asks through a flow. @returns the last message, and what collect makes of the stream */
  async function ask(provider: Record<string, unknown>, stream: Record<string, unknown>) {
    const node = createProviderNode(service().url, { allowInsecure: true, ...provider });
    const flow = await load(createCollectFlow(node, stream));
    flow.inject("ask", { payload: "Hi", cost: "of an earlier stream" });
    const last = await waitForEnd(flow.getInbox("out"));
    const { messages } = flow.getInbox("out");
    return { flow, last, messages };
  }

  it("is on the last message of a stream alone, and on what collect makes of it", async () => {
    service().script = (reply) => reply.send("Hello").finish("stop", { ...USAGE, cost: 0.0321 });
    const { flow, last, messages } = await ask({}, {});
    const cost = { usd: 0.0321, source: "service" };
    assert.deepEqual(last["cost"], cost);
    assert.ok(messages.slice(0, -1).every((message) => !("cost" in message)));
    const [collected] = await flow.getInbox("finished").waitForCount(1);
    assert.deepEqual(collected!["cost"], cost);
    assert.deepEqual((collected!.response as Message)["cost"], cost);
  });

  it("comes from the provider's own prices, which a variable or a flow file may hold", async () => {
    service().script = (reply) => reply.send("Hello").finish("stop", USAGE);
    const prices = JSON.stringify({ "model-*": { input: 2, output: 4 } });
    const { last } = await ask({ prices }, {});
    assert.deepEqual(last["cost"], { usd: 0.004, source: "own" });
  });

  it("is null if the cost is unknown, also of a failed and of a cancelled stream", async () => {
    service().script = (reply) => reply.send("Hello").finish("stop", USAGE);
    assert.equal((await ask({}, {})).last["cost"], null);
    service().script = (reply) => reply.sendJson(500, { error: { message: "Broken" } });
    assert.equal((await ask({}, {})).last["cost"], null);
  });

  it("is no reason to guess: a stream with wrong own prices fails and names the model", async () => {
    const { last } = await ask({ prices: '{"model-1": {"input": 1}}' }, {});
    const { code, message } = last.error as { code: string; message: string };
    assert.equal(code, "configuration");
    assert.match(message, /prices of the model “model-1”/);
  });

  it("is on each round of a run, and in sum on the run's last message", () => {
    const call = { name: "get_weather", args: { city: "Paris" } };
    const world = new RouterWorld(
      createModel({ calls: [call], cost: CENT }, { texts: ["Sunny"], cost: { usd: 0.002, source: "own" } }),
    );
    world.input({ payload: "Paris?" });
    const [end] = world.ends;
    assert.deepEqual(
      (end!["rounds"] as Message[]).map(({ cost }) => cost),
      [CENT, { usd: 0.002, source: "own" }],
    );
    assert.deepEqual(end!["cost"], { usd: 0.012, source: "own" });
  });

  it("is null for a run if that of one round is unknown", () => {
    const call = { name: "get_weather", args: { city: "Paris" } };
    const world = new RouterWorld(createModel({ calls: [call], cost: CENT }, { texts: ["Sunny"] }));
    world.input({ payload: "Paris?" });
    assert.equal(world.ends[0]!["cost"], null);
  });

  it("is the sum of all requests behind retry; one that the service refused costs nothing", async () => {
    const refused = { fails: "overloaded", details: { status: 503, phase: "headers" } } as const;
    const broken = { texts: ["On"], fails: "interrupted", details: { phase: "streaming" } } as const;
    const world = await runRetry([refused, { ...broken, last: { cost: CENT } }, { last: { cost: CENT } }]);
    assert.deepEqual(world.ends[0]!["cost"], { usd: 0.02, source: "prices" });
  });

  it("is null behind retry if a request broke off at an unknown cost", async () => {
    const broken = { texts: ["On"], fails: "interrupted", details: { phase: "streaming" } } as const;
    const world = await runRetry([broken, { last: { cost: CENT } }]);
    assert.equal(world.ends[0]!["cost"], null);
  });

  it("is on the library's answer, by its prices too", async () => {
    service().script = (reply) => reply.send("Hello").finish("stop", USAGE);
    const stream = chatStream({
      provider: "custom",
      baseUrl: service().url,
      model: "model-1",
      messages: [{ role: "user", content: "Hi" }],
      prices: { "*": { input: 1, output: 1 } },
    });
    const { cost } = await stream.collect();
    assert.deepEqual(cost, { usd: 0.0015, source: "own" });
    assert.deepEqual(stream.cost, cost);
    assert.deepEqual(stream.finalResponse?.cost, cost);
  });
});
