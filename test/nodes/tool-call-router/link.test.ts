import assert from "node:assert/strict";
import { createChatStreamNode, createFlowNode } from "../../support/flows/nodes.js";
import { answerByWeatherTool, createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";
import { createModel, RouterWorld, WEATHER } from "../../support/worlds/router-world.js";

const LINKED = [{ ...WEATHER, link: "entry" }];

/** A subroutine between a link in and a link out node. */
function subroutine(func: string): FlowNode[] {
  return [
    createFlowNode("link in", "entry", ["work"], { name: "entry", links: [] }),
    createFlowNode("function", "work", ["exit"], { func, outputs: 1, libs: [] }),
    { ...createFlowNode("link out", "exit", [], { mode: "return", links: [] }), wires: [] },
    createFlowNode("catch", "broken", ["exit"], { scope: ["work"] }),
  ];
}

describe("A tool behind a link in node", () => {
  const service = useService();
  const runtime = useRuntime();
  const deploy = (func: string, router: Record<string, unknown> = {}) =>
    runtime().deploy(
      createRouterFlow(service().url, {
        router: { tools: LINKED, wires: [["out", "collect"], ["ask"]], ...router },
        more: subroutine(func),
      }),
    );
  const ask = async () => {
    runtime().inject("router", { payload: "Paris" });
    await runtime().waitForEnds("out");
    return joinPayloads(runtime().getMessages("out"));
  };

  beforeEach(() => {
    service().script = answerByWeatherTool;
  });

  it("is called, and its answer returns without a wire", async () => {
    await deploy("msg.payload = 'sunny in ' + msg.payload.city; return msg;");
    assert.equal(await ask(), "Let me look. It is sunny in Paris.");
  });

  it("returns an error if its Catch node leads to the link out node", async () => {
    await deploy("throw new Error('no entry');");
    assert.match(await ask(), /Error: no entry/);
  });

  it("returns its answer even if msg.toolCall was lost", async () => {
    await deploy("return { payload: 'sunny', _linkSource: msg._linkSource };");
    assert.equal(await ask(), "Let me look. It is sunny.");
  });

  it("may answer with a stream that starts over", async () => {
    let attempts = 0;
    service().script = async (reply, request) => {
      if (request.body["tools"]) return answerByWeatherTool(reply, request);
      await reply.sendApart("sunny", " in", ++attempts === 1 ? " Rome" : " Paris");
      if (attempts === 1) reply.drop();
      else reply.finish();
    };
    const retry = { attempts: 2, delay: 1, afterText: "restart", wires: [["exit"], ["inner"], []] };
    await runtime().deploy(
      createRouterFlow(service().url, {
        router: { tools: LINKED, wires: [["out", "collect"], ["ask"]] },
        more: [
          ...subroutine("msg.payload = 'Say it'; return msg;").map((one) =>
            one.id === "work" ? { ...one, wires: [["inner"]] } : one,
          ),
          createChatStreamNode({ id: "inner", wires: [["again"]] }),
          { ...createFlowNode("retry", "again", [], {}), ...retry },
        ],
      }),
    );
    assert.equal(await ask(), "Let me look. It is sunny in Paris.");
    const warnings = runtime().logs.filter(({ id, level }) => id === "exit" && level === 30);
    assert.deepEqual(warnings, []);
  });

  it("lets a stream return through core's link call without changing it", async () => {
    service().script = async (reply) => (await reply.sendApart("a", "b", "c")).finish();
    await runtime().deploy([
      ...createRouterFlow(service().url, { stream: { wires: [["exit"]] } }),
      createFlowNode("link in", "entry", ["ask"], { name: "entry", links: [] }),
      { ...createFlowNode("link out", "exit", [], { mode: "return", links: [] }), wires: [] },
      createFlowNode("link call", "call", ["out"], { links: ["entry"], linkType: "static", timeout: "5" }),
    ]);
    runtime().inject("call", { payload: "Hi" });
    await runtime().waitForEnds("out");
    assert.equal(joinPayloads(runtime().getMessages("out")), "abc");
    assert.ok(
      runtime()
        .getMessages("out")
        .every((message) => !("_linkSource" in message)),
    );
    assert.ok(!runtime().logs.some(({ id, level }) => id === "exit" && level === 30));
  });

  it("times out, and its late answer is dropped with a warning", async () => {
    await deploy("setTimeout(() => node.send({ ...msg, payload: 'late' }), 30); return null;", {
      toolTimeout: 0.01,
    });
    assert.match(await ask(), /timed out/);
    await waitUntil(() =>
      runtime().logs.some(({ id, msg }) => id === "router" && /came too late/.test(String(msg))),
    );
    assert.equal(service().requests.length, 2);
  });

  it("returns each of many parallel calls to its own run", async () => {
    await deploy(
      "setTimeout(() => node.send({ ...msg, payload: msg.payload.city }), Math.random() * 20); return null;",
    );
    for (let nth = 0; nth < 40; nth++) runtime().inject("router", { payload: `city ${nth}`, topic: nth });
    await runtime().waitUntil("finished", (messages) => messages.length === 40);
    for (const { payload, topic } of runtime().getMessages("finished"))
      assert.equal(payload, `Let me look. It is city ${topic}.`);
  });

  it("is found in the subflow of the router", async () => {
    const flow = createRouterFlow(service().url, {
      router: { tools: LINKED, wires: [[], []] },
      more: subroutine("msg.payload = 'sunny'; return msg;"),
    });
    const within = new Set(["router", "ask", "entry", "work", "exit"]);
    const inner = flow
      .filter(({ id }) => within.has(id))
      .map((one) => ({ ...one, z: "sub", ...(one.id === "router" ? { wires: [[], ["ask"]] } : {}) }));
    await runtime().deploy([
      ...flow.filter(({ id }) => ["tab", "provider", "out"].includes(id)),
      {
        id: "sub",
        type: "subflow",
        name: "agent",
        in: [{ x: 0, y: 0, wires: [{ id: "router" }] }],
        out: [{ x: 0, y: 0, wires: [{ id: "router", port: 0 }] }],
      },
      ...inner,
      createFlowNode("subflow:sub", "agent", ["out"]),
    ]);
    runtime().inject("agent", { payload: "Paris" });
    await runtime().waitForEnds("out");
    assert.equal(joinPayloads(runtime().getMessages("out")), "Let me look. It is sunny.");
  });

  it("is reported to the model and the author if it does not exist", async () => {
    await deploy("return msg;", { tools: [{ ...WEATHER, link: "gone" }] });
    assert.match(await ask(), /"get_weather" is not available/);
    const warning = runtime().logs.find(({ id, level }) => id === "router" && level === 30);
    assert.match(String(warning?.msg), /get_weather.*link in node that does not exist/);
    await pause();
  });

  it("has no output, so the outputs of the other tools move up", () => {
    const tools = [{ ...WEATHER, link: "entry" }, { name: "get_time" }];
    const world = new RouterWorld(createModel({ calls: [{ name: "get_time" }] }, { texts: ["."] }), {
      tools,
    });
    world.input({ payload: "Go" });
    assert.deepEqual(
      world.calls.map(({ output }) => output),
      [3],
    );
  });
});
