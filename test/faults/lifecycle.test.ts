import assert from "node:assert/strict";
import type { Message } from "../../src/node-red/red.js";
import { askFlow, chatStream, collect, node, provider, sink, TAB } from "../support/flows.js";
import { eventually, pause, streamsOf, textOf } from "../support/inbox.js";
import type { DeployType, FlowNode } from "../support/runtime.js";
import type { ServiceRequest } from "../support/scripted-service.js";
import { useService } from "../support/service.js";
import { useRuntime } from "../support/use-runtime.js";

const STREAMS = 10;

describe("Redeploying", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Answers go on for ever, a few characters each millisecond. */
  beforeEach(() => {
    service().script = async (reply, { gone }) => {
      let over = false;
      void gone.then(() => {
        over = true;
      });
      for (let at = 0; !over; at++) await reply.sendApart(`${at} `);
    };
  });

  /** Deploys a flow and has so many streams running in it. */
  async function streaming(flow: FlowNode[], streams = STREAMS): Promise<ServiceRequest[]> {
    await runtime().deploy(flow);
    for (let at = 0; at < streams; at++) runtime().inject("ask", { payload: `${at}` });
    await runtime().until(
      "out",
      (messages) => streamsOf(messages).length === streams && messages.length > 3 * streams,
    );
    return [...service().requests];
  }

  /** Deploys another flow over it, and proves that the old streams are gone without a trace. */
  async function replacedBy(flow: FlowNode[], type: DeployType, requests: ServiceRequest[]): Promise<void> {
    const old = new Set(
      runtime()
        .at("out")
        .map(({ parts }) => parts!.id),
    );
    const begun = performance.now();
    await runtime().deploy(flow, type);
    assert.ok(performance.now() - begun < 1000, "closing took longer than a second");
    await pause(1);
    const arrived = runtime().arrivals.size;
    const statuses = runtime().statuses.messages.filter(({ id }) => id === "ask");
    assert.deepEqual(statuses.at(-1)?.status?.text, undefined);
    await Promise.all(requests.map(({ gone }) => gone));
    await pause(40);
    const late = runtime()
      .arrivals.messages.slice(arrived)
      .filter(({ message }) => old.has(message.parts?.id ?? ""));
    assert.deepEqual(late, []);
    assert.deepEqual(runtime().inputs.get("ask"), { got: STREAMS, done: STREAMS });
    assert.ok(
      !runtime()
        .at("out")
        .some(({ complete }) => complete),
    );
    assert.equal(runtime().at("errors").length, 0);
  }

  /** The flow works, and carries only what it asked itself. */
  async function isClean(asker = "ask"): Promise<void> {
    runtime().arrivals.clear();
    service().script = (reply) => reply.say("new");
    runtime().inject(asker, { payload: "Hi" });
    await runtime().ends("out");
    assert.equal(textOf(runtime().at("out")), "new");
  }

  const changed = (flow: FlowNode[], id: string, change: Record<string, unknown>) =>
    flow.map((one) => (one.id === id ? { ...one, ...change } : one));

  it("R01: everything while streams run ends them without a word, and the new flow is clean", async () => {
    const flow = askFlow(service().url, {}, { maxConcurrent: 100 });
    await replacedBy(flow, "full", await streaming(flow));
    await isClean();
  });

  it("R02: a changed chat-stream alone does too: nothing of the old reaches the new one's neighbours", async () => {
    const flow = askFlow(service().url, {}, { maxConcurrent: 100 });
    await replacedBy(changed(flow, "ask", { model: "model-2" }), "nodes", await streaming(flow));
    await isClean();
    assert.equal(service().requests.at(-1)!.body["model"], "model-2");
  });

  it("R03: a changed flow does too", async () => {
    const flow = askFlow(service().url, {}, { maxConcurrent: 100 });
    await replacedBy(changed(flow, "ask", { model: "model-2" }), "flows", await streaming(flow));
    await isClean();
  });

  it("R04: a node further down leaves the stream alone, and the rest of it reaches the new node", async () => {
    let go = () => {};
    service().script = async (reply) => {
      await reply.sendApart("a", "b", "c");
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      await reply.sendApart("d", "e");
      reply.done();
    };
    const flow = askFlow(service().url);
    await runtime().deploy(flow);
    runtime().inject("ask", { payload: "Hi" });
    await runtime().until("out", (messages) => messages.length === 3);
    await runtime().deploy(changed(flow, "out", { name: "renamed" }), "nodes");
    go();
    const [last] = await runtime().ends("out");
    assert.equal(last!.finishReason, "stop");
    assert.equal(textOf(runtime().at("out")), "abcde");
    const deploys = runtime()
      .arrivals.messages.filter(({ sink: at }) => at === "out")
      .map(({ deploy }) => deploy);
    assert.deepEqual(
      deploys.map((deploy) => deploy - deploys[0]!),
      [0, 0, 0, 1, 1, 1],
    );
  });

  for (const type of ["full", "flows", "nodes"] as const) {
    it(`R05: a changed provider (${type}) restarts those who use it`, async () => {
      const flow = askFlow(service().url, {}, { maxConcurrent: 100 });
      await replacedBy(changed(flow, "provider", { idleTimeout: 5 }), type, await streaming(flow));
      await isClean();
    });

    it(`R05: a provider that is deleted (${type}) ends its streams, and the next message says what is missing`, async () => {
      const flow = askFlow(service().url, {}, { maxConcurrent: 100 });
      const requests = await streaming(flow);
      await runtime().deploy(
        flow.filter(({ id }) => id !== "provider"),
        type,
      );
      await Promise.all(requests.map(({ gone }) => gone));
      runtime().arrivals.clear();
      runtime().inject("ask", { payload: "Hi" });
      const errors = (messages: Message[]) => messages.filter(({ error }) => error !== undefined);
      const [last] = errors(await runtime().until("out", (messages) => errors(messages).length > 0));
      assert.equal((last!.error as { code: string }).code, "configuration");
    });
  }

  it("R06: a chat-stream that is deleted ends its streams", async () => {
    const flow = askFlow(service().url, {}, { maxConcurrent: 100 });
    const requests = await streaming(flow);
    const other = { ...chatStream(), id: "other" };
    await replacedBy([...flow.filter(({ id }) => id !== "ask"), other], "nodes", requests);
    await isClean("other");
  });

  it("R06: a tab that is disabled ends its streams", async () => {
    const flow = askFlow(service().url, {}, { maxConcurrent: 100 });
    await replacedBy(changed(flow, "tab", { disabled: true }), "flows", await streaming(flow));
  });

  it("R08: a message that comes after that is nobody's: nothing is asked, nothing is thrown", async () => {
    const flow = askFlow(service().url);
    await runtime().deploy(flow);
    const old = runtime().node("ask");
    const deployed = runtime().deploy(changed(flow, "ask", { model: "model-2" }), "nodes");
    old.receive({ payload: "Hi" });
    await deployed;
    old.receive({ payload: "Hi" });
    await pause();
    assert.ok(service().requests.length <= 1);
    assert.ok(
      !runtime()
        .at("out")
        .some(({ complete }) => complete),
    );
  });

  it("R11: what collect holds is let go, never sent into the flow that comes after", async () => {
    const flow = [
      TAB,
      provider(service().url),
      chatStream({ wires: [["collect"]] }),
      collect({ wires: [["out"], ["out"]] }),
      sink("out"),
      sink("errors"),
    ];
    for (const type of ["full", "flows", "nodes"] as const) {
      await runtime().deploy(flow);
      runtime().inject("ask", { payload: "Hi" });
      await eventually(() => (runtime().inputs.get("collect")?.got ?? 0) > 5, "collect holds something");
      await runtime().deploy(changed(flow, "collect", { parse: type }), type);
      await runtime().deploy(changed(flow, "ask", { model: type }), type);
      await pause();
      assert.equal(runtime().at("out").length, 0);
      runtime().clear();
    }
  });

  it("a hundred times in three ways while ten streams run leaves nothing behind", async function () {
    this.timeout(20_000);
    const flow = askFlow(service().url, {}, { maxConcurrent: 100 });
    await runtime().deploy(flow);
    const types = ["full", "flows", "nodes"] as const;
    for (let at = 0; at < 99; at++) {
      runtime().clear();
      for (let stream = 0; stream < STREAMS; stream++) runtime().inject("ask", { payload: "Hi" });
      await runtime().until("out", (messages) => messages.length >= STREAMS);
      await runtime().deploy(changed(flow, "ask", { model: `model-${at}` }), types[at % 3]);
      await pause(1);
      const arrived = runtime().arrivals.size;
      await pause(10);
      assert.equal(runtime().arrivals.size, arrived, `ghosts after a ${types[at % 3]} deploy`);
    }
    await eventually(() => service().streaming === 0, "the service is alone");
  });
});

describe("In a runtime", () => {
  const service = useService();
  const runtime = useRuntime();

  it("R12: a second message while one streams makes a stream of its own", async () => {
    service().script = async (reply, { body }) => {
      const [question] = body["messages"] as { content: string }[];
      await reply.sendApart(...[...question!.content]);
      reply.done();
    };
    await runtime().deploy(askFlow(service().url));
    runtime().inject("ask", { payload: "abc", topic: "one" });
    runtime().inject("ask", { payload: "xyz", topic: "two" });
    await runtime().ends("out", 2);
    const streams = streamsOf(runtime().at("out"));
    assert.deepEqual(streams.map(textOf).sort(), ["abc", "xyz"]);
    for (const stream of streams) assert.equal(new Set(stream.map(({ topic }) => topic)).size, 1);
  });

  it("R13: a chat-stream without wires ends all the same, and is done", async () => {
    await runtime().deploy(askFlow(service().url, { wires: [[]] }));
    runtime().inject("ask", { payload: "Hi" });
    await runtime().until("completed", (messages) => messages.length === 1);
    await eventually(() => service().streaming === 0, "the service is alone");
  });

  it("R15: the request and the response of HTTP in are the same on all messages", async () => {
    const req = { params: {} };
    const res = { _res: {} };
    await runtime().deploy(askFlow(service().url, { wires: [["out", "errors"]] }));
    runtime().inject("ask", { payload: "Hi", req, res });
    await runtime().ends("out");
    await runtime().ends("errors");
    for (const { message } of runtime().arrivals.messages) {
      assert.equal(message["req"], req);
      assert.equal(message["res"], res);
    }
  });

  it("R16: whoever changes his message changes nobody else's, nor the request, nor what is collected", async () => {
    service().script = async (reply) => {
      await reply.sendApart("a", { ...JSON.parse(RICH) }, "b");
      reply.done("stop", { total_tokens: 1 });
    };
    await runtime().deploy([
      TAB,
      provider(service().url),
      chatStream({ wires: [["spoiler", "collect"]], conversation: "flow" }),
      sink("spoiler"),
      collect({ wires: [["out"], []] }),
      sink("out"),
    ]);
    runtime().reactions.set("spoiler", (message) => spoil(message));
    runtime().inject("ask", { payload: "Hi", topic: "t" });
    const [message] = await runtime().until("out", (messages) => messages.length === 1);
    assert.equal(message!.payload, "ab");
    assert.deepEqual(message!.conversation, [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "ab" },
    ]);
    assert.deepEqual(message!.usage, { total_tokens: 1 });
    runtime().inject("ask", { payload: "And?", topic: "t" });
    await runtime().until("out", (messages) => messages.length === 2);
    assert.deepEqual((service().requests[1]!.body["messages"] as unknown[]).slice(0, 2), [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "ab" },
    ]);
  });

  it("R18: two instances of a subflow have their own streams, settings and cancels", async () => {
    service().script = (reply) => void reply.send("half");
    const env = (model: string) => [{ name: "MODEL", type: "str", value: model }];
    await runtime().deploy([
      TAB,
      provider(service().url),
      {
        id: "sub",
        type: "subflow",
        name: "asker",
        in: [{ x: 0, y: 0, wires: [{ id: "inner" }] }],
        out: [{ x: 0, y: 0, wires: [{ id: "inner", port: 0 }] }],
        env: env("none"),
      },
      {
        ...chatStream({ z: "sub", wires: [[]] }),
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as Node-RED writes an environment variable
        model: "${MODEL}",
        id: "inner",
      },
      node("subflow:sub", "first", ["out"], { env: env("model-a") }),
      node("subflow:sub", "second", ["out"], { env: env("model-b") }),
      sink("out"),
    ]);
    runtime().inject("first", { payload: "A", topic: "first" });
    runtime().inject("second", { payload: "B", topic: "second" });
    await runtime().until("out", (messages) => messages.length === 2);
    assert.deepEqual(
      service()
        .requests.map(({ body }) => body["model"])
        .sort(),
      ["model-a", "model-b"],
    );
    runtime().inject("first", { cancel: true });
    const [last] = await runtime().ends("out");
    assert.equal(last!.topic, "first");
    await pause();
    assert.equal(service().streaming, 1);
  });

  it("R19: a flood of chunks is at most five statuses a second; the last is shown, and none after close", async () => {
    service().script = async (reply) => {
      for (let at = 0; at < 300; at++) await reply.sendApart("x");
      reply.done();
    };
    await runtime().deploy(askFlow(service().url));
    const begun = performance.now();
    runtime().inject("ask", { payload: "Hi" });
    await runtime().ends("out");
    const seconds = (performance.now() - begun) / 1000;
    const mine = () => runtime().statuses.messages.filter(({ id }) => id === "ask");
    assert.ok(mine().length <= Math.ceil(seconds * 4) + 1, `${mine().length} statuses in ${seconds} s`);
    await eventually(() => mine().at(-1)?.status?.fill === "green", "the last status is shown");
    runtime().inject("ask", { payload: "Hi" });
    await runtime().until("out", (messages) => messages.length > 310);
    await runtime().deploy(askFlow(service().url));
    const shown = mine().length;
    await pause(300);
    assert.equal(mine().length, shown);
    assert.equal(mine().at(-1)!.status?.text, undefined);
  });
});

/** A record with something to change in it. */
const RICH = JSON.stringify({
  choices: [{ index: 0, delta: { reasoning_content: "Hm", annotations: [{ url: "https://a" }] } }],
});

function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    const record = value as Record<string, unknown>;
    spoil(record[key]);
    if (typeof record[key] !== "object") record[key] = "spoilt";
  }
}
