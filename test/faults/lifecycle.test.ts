import assert from "node:assert/strict";
import type { Message } from "../../src/node-red/red/api.js";
import { askFlow, chatStream, collect, provider, sink, TAB } from "../support/runtime/flows.js";
import { eventually, pause, streamsOf, textOf } from "../support/runtime/inbox.js";
import type { DeployType, FlowNode } from "../support/runtime/node-red-runtime.js";
import { useRuntime } from "../support/runtime/use-runtime.js";
import type { ServiceRequest } from "../support/services/scripted-service.js";
import { useService } from "../support/services/use-service.js";

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
    runtime().forget();
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
      reply.finish();
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
      runtime().forget();
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
    await eventually(() => service().openStreams === 0, "the service is alone");
  });
});
