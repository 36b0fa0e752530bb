import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createAskFlow,
  createChatStreamNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { answerByWeatherTool, answerCalls, createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

const CASSETTE = "cassettes/answers.json";

describe("A chat-provider with a cassette", () => {
  const service = useService();
  const runtime = useRuntime();
  const path = () => join(runtime().userDir, CASSETTE);
  afterEach(() => rmSync(path(), { force: true }));

  const deploy = (record: string, more: object = {}, stream: Record<string, unknown> = {}) =>
    runtime().deploy(createAskFlow(service().url, stream, { record, cassette: CASSETTE, ...more }));

  async function ask(message: Message): Promise<Message[]> {
    runtime().clearMessages();
    runtime().inject("ask", message);
    await runtime().waitForEnds("out");
    return runtime().getMessages("out");
  }

  async function askForFailure(message: Message): Promise<FailureData> {
    return (await ask(message)).at(-1)!.error as FailureData;
  }

  /** What must be the same in a replay: everything but ids and times. */
  const strip = (messages: Message[]) =>
    messages.map(({ payload, parts, chunk, complete, finishReason, usage, cost, error, request }) => ({
      payload,
      index: parts?.index,
      chunk,
      complete,
      finishReason,
      usage,
      cost,
      error,
      request,
    }));

  const answerAsPriced = () => {
    service().script = async (reply) => {
      await reply.sendApart("Hello", " wörld");
      reply.finish("stop", { prompt_tokens: 3, completion_tokens: 2, cost: 0.25 });
    };
  };

  it("records streams, and replays them after a deploy without asking the service", async () => {
    answerAsPriced();
    await deploy("record");
    const live = await ask({ payload: "Hi" });
    assert.equal(live.at(-1)!.payload, "");
    await deploy("replay");
    const replayed = await ask({ payload: "Hi" });
    assert.deepEqual(strip(replayed), strip(live));
    await deploy("replay", { replayAtOnce: true });
    assert.deepEqual(strip(await ask({ payload: "Hi" })), strip(live));
    assert.equal(service().requests.length, 1);
  });

  it("writes a stream that a deploy cuts off", async () => {
    service().script = (reply) => void reply.send("half");
    await deploy("record");
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitUntil("out", (messages) => messages.length > 0);
    await deploy("replay", { replayAtOnce: true });
    const { code, partial } = await askForFailure({ payload: "Hi" });
    assert.deepEqual([code, partial], ["interrupted", "half"]);
  });

  it("needs no key, no address in the environment and no other machine to replay", async () => {
    const provider = (record: string, more: object) => ({
      ...createProviderNode("", { provider: "openai", api: "chat", record, cassette: CASSETTE, ...more }),
    });
    const flow = (node: ReturnType<typeof provider>) => [
      TAB,
      node,
      createChatStreamNode(),
      createSinkNode("out"),
      ...createWitnessNodes(),
    ];
    answerAsPriced();
    await runtime().deploy(flow(provider("record", { baseUrl: service().url })));
    assert.equal((await askForFailure({ payload: "Hi" })).code, "credentials");
    await runtime().deploy(flow(provider("record", { baseUrl: service().url })), "full", {
      provider: { apiKey: "sk-0123456789abcdef" },
    });
    await ask({ payload: "Hi" });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable as an author enters it
    const keys = { provider: { apiKey: "${NOT_SET}", secretHeaders: '{"x-key": "${NOT_SET}"}' } };
    await runtime().deploy(flow(provider("replay", {})), "full", keys);
    const replayed = await ask({ payload: "Hi" });
    assert.equal(replayed.at(-1)!.finishReason, "stop");
    assert.equal(replayed.map(({ payload }) => payload).join(""), "Hello wörld");
  });

  const toEvents = (events: readonly Record<string, unknown>[]) =>
    events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
  const OTHER_FORMS: Record<string, string> = {
    gemini:
      'data: {"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}}\n\n',
    anthropic: toEvents([
      { type: "message_start", message: { id: "m", role: "assistant", usage: { input_tokens: 3 } } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } },
      { type: "message_stop" },
    ]),
    ollama:
      '{"message":{"role":"assistant","content":"Hello"},"done":false}\n{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n',
  };
  for (const [provider, body] of Object.entries(OTHER_FORMS)) {
    it(`records and replays the own form of ${provider}`, async () => {
      const type = provider === "ollama" ? "application/x-ndjson" : "text/event-stream";
      service().script = (reply) => reply.sendText(200, type, body);
      const settings = { provider, cassette: CASSETTE, baseUrl: service().url.replace("/v1", "") };
      await runtime().deploy(createAskFlow("", {}, { ...settings, record: "record" }), "full", {
        provider: { apiKey: "sk-0123456789abcdef" },
      });
      const live = await ask({ payload: "Hi" });
      assert.equal(live.map(({ payload }) => payload).join(""), "Hello");
      assert.equal(live.at(-1)!.finishReason, "stop");
      await runtime().deploy(createAskFlow("", {}, { ...settings, record: "replay", replayAtOnce: true }));
      assert.deepEqual(strip(await ask({ payload: "Hi" })), strip(live));
      assert.equal(service().requests.length, 1);
    });
  }

  it("replays a run of a tool-call-router, whose tools work anew, and a refusal with its retry", async () => {
    service().script = answerByWeatherTool;
    const deployRouter = async (record: string) => {
      await runtime().deploy(
        createRouterFlow(service().url, { service: { record, cassette: CASSETTE, replayAtOnce: true } }),
      );
      answerCalls(runtime(), "weather", () => "sunny");
      runtime().clearMessages();
      runtime().inject("router", { payload: "Paris" });
      await runtime().waitForEnds("out");
      return runtime().getMessages("out");
    };
    const live = await deployRouter("record");
    const replayed = await deployRouter("replay");
    assert.equal(joinPayloads(replayed), "Let me look. It is sunny.");
    assert.deepEqual(strip(replayed).at(-1), strip(live).at(-1));
    assert.equal(runtime().getMessages("weather").length, 1);
    assert.equal(service().requests.length, 2);
    service().queue.push((reply) => reply.sendJson(503, { error: { message: "Busy" } }));
    service().script = (reply) => reply.say("Hello");
    const deployRetry = async (record: string) => {
      await runtime().deploy(
        createRetryFlow(service().url, { service: { record, cassette: CASSETTE, replayAtOnce: true } }),
      );
      return (await ask({ payload: "Hi" })).at(-1)!;
    };
    assert.equal((await deployRetry("record")).finishReason, "stop");
    const again = await deployRetry("replay");
    assert.equal(again.finishReason, "stop");
    assert.equal((again.stats as { attempts: number }).attempts, 2);
    assert.equal(service().requests.length, 4);
  });

  it("replays the demo without starting it", async () => {
    const demo = { provider: "demo", baseUrl: "", demoPace: 0 };
    await deploy("record", demo, { model: "demo" });
    const live = await ask({ payload: "Count to 3." });
    await deploy("replay", { ...demo, replayAtOnce: true }, { model: "demo" });
    assert.deepEqual(strip(await ask({ payload: "Count to 3." })), strip(live));
  });

  it("ends a changed request as not_found that says what differs, also for a Catch node", async () => {
    await deploy("record");
    await ask({ payload: "Hi" });
    await deploy("replay", { replayAtOnce: true });
    const { code, message, retryable } = await askForFailure({ payload: "Hello" });
    assert.deepEqual([code, retryable], ["not_found", false]);
    assert.match(message, /has “Hi” at messages\[0\]\.content, and this request “Hello”/);
    await runtime().waitUntil("errors", (messages) => messages.length > 0);
    assert.equal(service().requests.length, 1);
  });

  it("ends as configuration without a file, without a cassette and outside of the user directory", async () => {
    for (const [cassette, problem] of [
      [CASSETTE, /does not exist/],
      ["", /has no cassette/],
      ["../outside.json", /not inside of the user directory/],
      ["settings.js", /ends in \.json/],
    ] as const) {
      await deploy("replay", { cassette });
      const { code, message } = await askForFailure({ payload: "Hi" });
      assert.equal(code, "configuration");
      assert.match(message, problem);
    }
    await deploy("rewind");
    assert.match((await askForFailure({ payload: "Hi" })).message, /setting record is not known/);
    assert.equal(service().requests.length, 0);
  });

  it("keeps only the streams that fail, if the author wants those", async () => {
    service().queue.push(
      (reply) => reply.say("fine"),
      (reply) => void reply.open().response.end("data: {oops\n\n"),
    );
    await deploy("failures");
    await ask({ payload: "one" });
    await ask({ payload: "two" });
    await waitUntil(() => existsSync(path()), "the cassette is written");
    const text = readFileSync(path(), "utf8");
    assert.match(text, /oops/);
    assert.doesNotMatch(text, /fine/);
    await deploy("replay", { replayAtOnce: true });
    assert.equal((await askForFailure({ payload: "two" })).code, "bad_response");
  });

  it("says in the log at each start that it records or replays", async () => {
    const warn = async (record: string) => {
      runtime().logs.length = 0;
      await deploy(record);
      return runtime()
        .logs.map(({ msg }) => String(msg))
        .filter((text) => text.includes(CASSETTE));
    };
    assert.match((await warn("record")).join(), /records what is asked and answered into/);
    assert.match((await warn("failures")).join(), /records the streams that fail/);
    assert.match((await warn("replay")).join(), /does not use the service: it replays/);
    assert.deepEqual(await warn("off"), []);
  });

  it("lists the models of the cassette when it is tested in the editor", async () => {
    await deploy("record");
    await ask({ payload: "Hi" });
    await deploy("replay");
    const response = await fetch(`${runtime().url}/chat-provider/draft/test`, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      body: JSON.stringify({
        id: "new",
        config: { provider: "custom", baseUrl: service().url, record: "replay", cassette: CASSETTE },
        credentials: {},
      }),
    });
    assert.deepEqual(await response.json(), { ok: true, message: "Connected: 1 model" });
    assert.equal(service().requests.length, 1);
  });

  it("replays a spoken text", async () => {
    const speech = (record: string) => [
      TAB,
      createProviderNode(service().url, { record, cassette: CASSETTE, replayAtOnce: true }),
      createFlowNode("speech-stream", "say", ["out"], { provider: "provider", model: "voice" }),
      createSinkNode("out"),
    ];
    const sound = Buffer.from(Array.from({ length: 5_000 }, (_, at) => at % 256));
    service().script = ({ response }) => {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      response.end(sound);
    };
    const say = async () => {
      runtime().clearMessages();
      runtime().inject("say", { payload: "Hello" });
      await runtime().waitForEnds("out");
      const pieces = runtime()
        .getMessages("out")
        .map(({ payload }) => payload);
      return Buffer.concat(pieces.filter((piece) => Buffer.isBuffer(piece)));
    };
    await runtime().deploy(speech("record"));
    assert.deepEqual(await say(), sound);
    await runtime().deploy(speech("replay"));
    assert.deepEqual(await say(), sound);
    assert.equal(service().requests.length, 1);
  });
});
