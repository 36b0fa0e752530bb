import assert from "node:assert/strict";
import type { Message } from "../../src/node-red/red.js";
import { askFlow, chatStream, node, provider, sink, TAB, witnesses } from "../support/flows.js";
import { useHelper } from "../support/helper.js";
import { end, ends, eventually, pause } from "../support/inbox.js";
import { type FlowNode, TestRuntime } from "../support/runtime.js";
import { piece, type Script } from "../support/scripted-service.js";
import { useService } from "../support/service.js";

interface Case {
  what: string;
  code: string;
  /** What the sentence must say, so that the reader knows what to do. */
  says: RegExp;
  stream?: Record<string, unknown>;
  service?: Record<string, unknown>;
  credentials?: Record<string, string>;
  message?: Message;
  /** What the service answers; without it, nothing may reach the service. */
  script?: Script;
}

/** What Node-RED leaves where the variable is not set. */
const variable = (name: string) => `$\{${name}}`;
const openai = { provider: "openai" };
const circular: Record<string, unknown> = { role: "user" };
circular["content"] = circular;
const secret = {
  get payload() {
    throw new Error("no entry");
  },
};

const CASES: Case[] = [
  { what: "no provider", code: "configuration", says: /provider.*Choose/, stream: { provider: "" } },
  {
    what: "a provider that does not exist",
    code: "configuration",
    says: /provider/,
    stream: { provider: "gone" },
  },
  {
    what: "a kind of provider that does not exist",
    code: "configuration",
    says: /"nobody"/,
    service: { provider: "nobody" },
  },
  { what: "no base URL", code: "configuration", says: /base URL.*Enter/, service: { baseUrl: "" } },
  {
    what: "a base URL that is none",
    code: "configuration",
    says: /base URL/,
    service: { baseUrl: "localhost" },
  },
  {
    what: "a base URL with a password",
    code: "configuration",
    says: /password/,
    service: { baseUrl: "http://a:b@127.0.0.1/" },
  },
  {
    what: "a base URL from an unset variable",
    code: "configuration",
    says: /CHAT_URL/,
    service: { baseUrl: variable("CHAT_URL") },
  },
  { what: "a timeout of 0", code: "configuration", says: /idleTimeout/, service: { idleTimeout: 0 } },
  { what: "headers that are no JSON", code: "configuration", says: /headers/, service: { headers: "x: y" } },
  {
    what: "a TLS configuration that is gone",
    code: "configuration",
    says: /TLS configuration/,
    service: { tls: "gone" },
  },
  { what: "a proxy that is gone", code: "configuration", says: /proxy/, service: { proxy: "gone" } },
  { what: "no key", code: "credentials", says: /API key.*Enter/, service: openai },
  {
    what: "a key that is the name of an unset variable",
    code: "credentials",
    says: /CHAT_STREAM_UNSET/,
    service: openai,
    credentials: { apiKey: variable("CHAT_STREAM_UNSET") },
  },
  {
    what: "a key with a line break in it",
    code: "credentials",
    says: /line break/,
    service: openai,
    credentials: { apiKey: "sk-1\nsk-2" },
  },
  { what: "no model", code: "invalid_request", says: /model.*Choose/, stream: { model: "" } },
  {
    what: "a model that is no text",
    code: "invalid_request",
    says: /msg\.model/,
    message: { payload: "Hi", model: 7 },
  },
  {
    what: "an empty prompt",
    code: "invalid_request",
    says: /msg\.payload is empty/,
    message: { payload: "" },
  },
  { what: "no prompt", code: "invalid_request", says: /msg\.payload is empty/, message: {} },
  { what: "a prompt of no messages", code: "invalid_request", says: /empty/, message: { payload: [] } },
  {
    what: "an object without a prompt",
    code: "invalid_request",
    says: /msg\.payload/,
    message: { payload: { temperature: 1 } },
  },
  {
    what: "R14 a Buffer",
    code: "invalid_request",
    says: /msg\.payload/,
    message: { payload: Buffer.from("Hi") },
  },
  {
    what: "R14 a message that is null",
    code: "invalid_request",
    says: /msg\.payload\[1\]/,
    message: { payload: [{ role: "user", content: "Hi" }, null] },
  },
  {
    what: "a message without a role",
    code: "invalid_request",
    says: /msg\.messages\[0\].*role/,
    message: { messages: [{ content: "Hi" }] },
  },
  {
    what: "messages that are no list",
    code: "invalid_request",
    says: /msg\.messages/,
    message: { payload: "Hi", messages: "Hi" },
  },
  {
    what: "R14 a prompt that contains itself",
    code: "invalid_request",
    says: /msg\.payload.*JSON/,
    message: { payload: [circular] },
  },
  {
    what: "R14 a BigInt",
    code: "invalid_request",
    says: /msg\.options.*JSON/,
    message: { payload: "Hi", options: { seed: 1n } },
  },
  {
    what: "R14 a prompt that cannot be read",
    code: "invalid_request",
    says: /msg\.payload cannot be read: no entry/,
    message: secret,
  },
  {
    what: "R14 another property that cannot be read",
    code: "invalid_request",
    says: /msg\.mine cannot be read/,
    message: Object.defineProperty({ payload: "Hi" }, "mine", {
      enumerable: true,
      get: () => {
        throw new Error("no entry");
      },
    }),
  },
  {
    what: "tools that are no list",
    code: "invalid_request",
    says: /msg\.tools/,
    message: { payload: "Hi", tools: {} },
  },
  {
    what: "options that are no object",
    code: "invalid_request",
    says: /msg\.options/,
    message: { payload: "Hi", options: "hot" },
  },
  {
    what: "a temperature that is no number",
    code: "configuration",
    says: /temperature/,
    stream: { temperature: "hot" },
  },
  { what: "node options that are no JSON", code: "configuration", says: /options/, stream: { options: "{" } },
  {
    what: "a broken expression",
    code: "configuration",
    says: /jsonata/,
    stream: { prompt: "$(", promptType: "jsonata" },
  },
  {
    what: "a system prompt that is no text",
    code: "invalid_request",
    says: /system prompt/,
    stream: { system: "rules", systemType: "msg" },
    message: { payload: "Hi", rules: {} },
  },
  {
    what: "an unknown model",
    code: "not_found",
    says: /gpt-9.*does not exist.*Check the model/,
    script: (reply) =>
      reply.json(404, { error: { message: "The model gpt-9 does not exist", code: "model_not_found" } }),
  },
  {
    what: "a wrong key",
    code: "authentication",
    says: /Check the API key/,
    script: (reply) => reply.json(401, { error: { message: "Incorrect API key provided" } }),
  },
  {
    what: "a wrong base URL: a web page",
    code: "bad_response",
    says: /text\/html.*base URL/,
    script: (reply) => reply.text(200, "text/html; charset=utf-8", "<html><body>Welcome</body></html>"),
  },
  {
    what: "a wrong base URL: a page that says 404",
    code: "not_found",
    says: /404.*base URL/,
    script: (reply) => reply.text(404, "text/html", "<html><body>Not here</body></html>"),
  },
  {
    what: "a service that wants no more for now",
    code: "rate_limit",
    says: /429.*less often/,
    script: (reply) => reply.json(429, { error: { message: "Slow down" } }, { "retry-after": "3" }),
  },
  {
    what: "an error in the stream",
    code: "server_error",
    says: /boom/,
    script: (reply) => void reply.send("half", { error: { message: "boom" } }).response.end(),
  },
  {
    what: "a stream that breaks off",
    code: "interrupted",
    says: /broke off/,
    script: async (reply) => (await reply.sendApart("half")).drop(),
  },
];

/** All cases in one flow, so that the throttled status has to be waited for only once. */
function flowOf(origin: string): FlowNode[] {
  const lanes = CASES.flatMap((given, at) => [
    { ...provider(`${origin}/${at}/v1`, given.service), id: `provider${at}` },
    { ...chatStream({ provider: `provider${at}`, wires: [[`out${at}`]], ...given.stream }), id: `ask${at}` },
    sink(`out${at}`),
  ]);
  return [TAB, ...lanes, ...witnesses(...CASES.map((_, at) => `ask${at}`))];
}

describe("Bad input", () => {
  const service = useService();
  let runtime: TestRuntime;
  /** Paths of the requests that the service got. */
  let paths: string[];

  before(async function () {
    this.timeout(10_000);
    runtime = await TestRuntime.start();
    const asked = new Set<number>();
    service().script = (reply, request) => {
      const at = Number(/^\/(\d+)\//.exec(request.path)![1]);
      const script = asked.has(at) ? undefined : CASES[at]!.script;
      asked.add(at);
      return script ? script(reply, request) : reply.say("Hello");
    };
    const credentials = CASES.flatMap((given, at) =>
      given.credentials ? [[`provider${at}`, given.credentials] as const] : [],
    );
    await runtime.deploy(flowOf(new URL(service().url).origin), "full", Object.fromEntries(credentials));
    for (const [at, { message }] of CASES.entries()) runtime.inject(`ask${at}`, message ?? { payload: "Hi" });
    await eventually(() => CASES.every((_, at) => ended(at).length === 1), "every stream has ended");
    await eventually(() => CASES.every((_, at) => shown(at)?.fill === "red"), "every status is red");
    paths = service().requests.map(({ path }) => path);
  });
  after(() => runtime.stop());

  const ended = (at: number) => runtime.at(`out${at}`).filter(({ complete }) => complete === true);
  const shown = (at: number) =>
    runtime.statuses.messages.filter(({ id, status }) => id === `ask${at}` && status?.text).at(-1)?.status;
  const told = (sink: string, source: "error" | "complete", at: number) =>
    runtime.at(sink).filter((message) => (message[source] as Source).source.id === `ask${at}`);

  for (const [at, { what, code, says, ...given }] of CASES.entries()) {
    it(`${what}: one error (${code}), a red status, one last message`, () => {
      const [last, ...more] = ended(at);
      assert.equal(more.length, 0);
      assert.equal(last!.finishReason, "error");
      const data = last!.error as Record<string, unknown>;
      assert.equal(data["code"], code);
      assert.match(data["message"] as string, says);
      assert.deepEqual(JSON.parse(JSON.stringify(data)), data);

      const errors = told("errors", "error", at);
      assert.equal(errors.length, 1);
      const error = errors[0]!.error as { code: string; message: string; cause: unknown };
      assert.equal(error.code, code);
      assert.match(error.message, says);
      assert.deepEqual(error.cause, data);
      assert.equal(told("completed", "complete", at).length, 0);
      assert.equal(shown(at)!.shape, code === "configuration" || code === "credentials" ? "ring" : "dot");

      const requests = paths.filter((path) => path.startsWith(`/${at}/`));
      assert.equal(requests.length, given.script ? 1 : 0);
    });
  }

  it("is over with the message: each node goes on with the next", async () => {
    for (const [at, { stream }] of CASES.entries()) {
      const model = stream?.["model"] === "" ? { model: "model-1" } : {};
      runtime.inject(`ask${at}`, { payload: "Next", rules: "", ...model });
    }
    await eventually(() => CASES.every((_, at) => ended(at).length === 2), "every second stream has ended");
    await pause();
    for (const [at, { what, code }] of CASES.entries()) {
      const outcomes = ["errors", "completed"].map(
        (sink) => told(sink, sink === "errors" ? "error" : "complete", at).length,
      );
      assert.equal(outcomes[0]! + outcomes[1]!, 2, what);
      if (code !== "configuration" && code !== "credentials")
        assert.equal(ended(at)[1]!.finishReason, "stop", what);
    }
  });
});

interface Source {
  source: { id: string };
}

describe("Odd input", () => {
  const load = useHelper();
  const service = useService();

  it("R14 a frozen message is no bad input", async () => {
    const flow = await load(askFlow(service().url));
    const message = Object.freeze({
      payload: Object.freeze([Object.freeze({ role: "user", content: "Hi" })]),
      parts: Object.freeze({ id: "outer", index: 0 }),
      _msgid: "m",
    });
    flow.inject("ask", message as unknown as Message);
    assert.equal((await end(flow.inbox("out"))).finishReason, "stop");
  });

  it("R14 parts that are no place in a sequence are left alone", async () => {
    const flow = await load(askFlow(service().url));
    const loop: Record<string, unknown> = { id: "outer", index: 0 };
    loop["parts"] = loop;
    for (const parts of ["x", null, 7, loop]) {
      flow.inbox("out").clear();
      flow.inject("ask", { payload: "Hi", parts } as unknown as Message);
      assert.equal((await end(flow.inbox("out"))).finishReason, "stop");
    }
  });

  it("a message that a second wire cannot have a copy of is one error, and ends no process", async () => {
    const flow = await load(askFlow(service().url, { wires: [["out", "errors"]] }));
    const deep = Object.defineProperty({}, "x", {
      enumerable: true,
      get: () => {
        throw new Error("no entry");
      },
    });
    flow.inject("ask", { payload: "Hi", deep });
    await service().requested(1);
    await pause();
    flow.inject("ask", { payload: "Next" });
    await end(flow.inbox("out"));
  });

  it("R20 a provider with a broken configuration is made all the same, and breaks nothing beside it", async () => {
    const flow = await load([
      ...askFlow(service().url),
      { ...provider("nonsense", { maxConcurrent: "many", headers: "[" }), id: "broken" },
      { ...chatStream({ provider: "broken", wires: [["out"]] }), id: "other" },
    ]);
    flow.inject("other", { payload: "Hi" });
    flow.inject("ask", { payload: "Hi" });
    const lasts = await ends(flow.inbox("out"), 2);
    assert.deepEqual(lasts.map(({ finishReason }) => finishReason).sort(), ["error", "stop"]);
  });

  it("names what the service said, its status, its own id of the request and its wish to wait", async () => {
    service().queue.push((reply) =>
      reply.json(429, { error: { message: "Slow down" } }, { "retry-after": "3", "x-request-id": "req_1" }),
    );
    const flow = await load(askFlow(service().url));
    flow.inject("ask", { payload: "Hi" });
    const { message, ...data } = (await end(flow.inbox("out"))).error as Record<string, unknown>;
    assert.match(String(message), /Slow down/);
    assert.deepEqual(data, {
      code: "rate_limit",
      status: 429,
      retryable: true,
      retryAfterMs: 3000,
      requestId: "req_1",
      phase: "headers",
      provider: "custom",
      partial: "",
    });
  });

  it("keeps what had come: in the messages, and as partial in the error", async () => {
    service().queue.push(async (reply) => {
      await reply.sendApart("half", " of it", piece({ reasoning_content: "x" }));
      reply.drop();
    });
    const flow = await load(askFlow(service().url));
    flow.inject("ask", { payload: "Hi", topic: "t" });
    const last = await end(flow.inbox("out"));
    const { partial, phase } = last.error as Record<string, unknown>;
    assert.equal(partial, "half of it");
    assert.equal(phase, "streaming");
    assert.equal(last.topic, "t");
    assert.ok(last.request);
  });
});

describe("A failure of a chat-stream that is wired straight into a retry node", () => {
  const service = useService();
  const load = useHelper([], ["retry"]);

  function flowTo(...targets: string[]): FlowNode[] {
    return [
      TAB,
      provider(service().url),
      chatStream({ wires: [targets] }),
      node("retry", "retry", []),
      sink("out"),
      ...witnesses(),
    ];
  }

  it("is that node's to report: done without an error, the last message as ever", async () => {
    service().script = (reply) => reply.json(500, {});
    const flow = await load(flowTo("retry", "out"));
    flow.inject("ask", { payload: "Hi" });
    const last = await end(flow.inbox("out"));
    assert.equal((last.error as { code: string }).code, "server_error");
    await flow.inbox("completed").atLeast(1);
    await pause();
    assert.equal(flow.inbox("errors").size, 0);
  });

  it("is reported where the retry node stands further down", async () => {
    service().script = (reply) => reply.json(500, {});
    const flow = await load(flowTo("out"));
    flow.inject("ask", { payload: "Hi" });
    await flow.inbox("errors").atLeast(1);
  });
});
