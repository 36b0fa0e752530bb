import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { createRetryFlow, createRetryNode } from "../../support/flows/retry.js";
import { answerCalls, createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { KeepingService } from "../../support/services/keeping-service.js";
import {
  buildCallEvents,
  buildMessageEvents,
  buildReasoningEvents,
} from "../../support/services/responses-records.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

const OPENAI = { provider: "openai", api: "responses" };
const CREDENTIALS = { provider: { apiKey: "sk-test-1234567890" } };
const STORY = buildMessageEvents(["Once ", "upon ", "a ", "time ", "there ", "was ", "a ", "king."]);
const TEXT = "Once upon a time there was a king.";

describe("Flow that resumes without loss", () => {
  const service = useService();
  const runtime = useRuntime();
  let openai: KeepingService;
  beforeEach(() => {
    openai = new KeepingService(service());
    openai.answers = [STORY];
  });

  async function ask(
    retry: Record<string, unknown> = {},
    stream: Record<string, unknown> = {},
  ): Promise<Message> {
    const flow = createRetryFlow(openai.url, {
      service: OPENAI,
      retry,
      stream: { background: true, ...stream },
    });
    await runtime().deploy(flow, "full", CREDENTIALS);
    runtime().inject("ask", { payload: "Tell me." });
    const [end] = await runtime().waitForEnds("out");
    return end!;
  }

  const readMethods = () => service().requests.map(({ method }) => method);

  it("gives the reader one stream over several breaks, and the service one question", async () => {
    openai.cuts = [6, 2, 3];
    const end = await ask({ attempts: 5 });
    assert.equal(end.error, undefined);
    assert.equal(joinPayloads(runtime().getMessages("out")), TEXT);
    assert.deepEqual(
      runtime()
        .getMessages("out")
        .map(({ parts }) => parts!.index),
      runtime()
        .getMessages("out")
        .map((_message, at) => at),
    );
    assert.deepEqual(readMethods(), ["POST", "GET", "GET", "GET"]);
    assert.deepEqual(openai.cursors, [5, 7, 10], "the service went on behind the latest record");
    assert.equal((end["stats"] as { characters: number }).characters, TEXT.length);
    assert.equal(end["resume"], undefined);
    assert.equal(
      runtime()
        .getMessages("out")
        .some(({ reset }) => reset),
      false,
    );
  });

  it("asks the service to store the answer, and for nothing else", async () => {
    await ask();
    const { background, store } = openai.bodies[0]!;
    assert.deepEqual([background, store], [true, true]);
  });

  it("goes on even if broken answers are not to be repaired by the model", async () => {
    openai.cuts = [8];
    const end = await ask({ afterText: "stop" });
    assert.equal(end.error, undefined);
    assert.equal(joinPayloads(runtime().getMessages("out")), TEXT);
  });

  it("goes on within JSON by a schema, and the object so far stays whole", async () => {
    openai.answers = [buildMessageEvents(['{"na', 'me":"A', 'da","age', '":36}'])];
    openai.cuts = [6];
    const schema = JSON.stringify({ type: "object", properties: {} });
    const end = await ask({}, { responseFormat: "json_schema", schema, schemaStrict: false, partial: true });
    assert.equal(end.error, undefined);
    assert.deepEqual(JSON.parse(joinPayloads(runtime().getMessages("out"))), { name: "Ada", age: 36 });
    const views = runtime()
      .getMessages("out")
      .flatMap(({ partial }) => (partial === undefined ? [] : [partial]));
    assert.deepEqual(views.at(-1), { name: "Ada", age: 36 });
    assert.deepEqual(openai.cursors, [5]);
    assert.ok(views.length > 2);
  });

  it("goes on within a tool call, so that the tool is called once with all its arguments", async () => {
    openai.answers = [
      [
        ...buildReasoningEvents(["Hm."], 0, { encrypted_content: "enc" }),
        ...buildCallEvents("call_1", "get_weather", ['{"ci', 'ty":', '"Köln"}'], 1),
      ],
      buildMessageEvents(["It rains."]),
    ];
    openai.cuts = [10];
    const flow = createRouterFlow(openai.url, {
      service: OPENAI,
      stream: { background: true },
      between: "retry",
      more: [createRetryNode({ wires: [["router"], ["ask"], []] })],
    });
    await runtime().deploy(flow, "full", CREDENTIALS);
    const cities: unknown[] = [];
    answerCalls(runtime(), "weather", (payload) => {
      cities.push((payload as { city: string }).city);
      return "rain";
    });
    runtime().inject("ask", { payload: "Weather?" });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.error, undefined);
    assert.deepEqual(cities, ["Köln"]);
    assert.deepEqual(openai.cursors, [9]);
    assert.equal(joinPayloads(runtime().getMessages("out")), "It rains.");
    assert.equal(openai.generations, 2);
  });

  it("reads the answer from its beginning if the service does not go on in the middle", async () => {
    openai.habit = "refused";
    openai.cuts = [8];
    const end = await ask();
    assert.equal(end.error, undefined);
    assert.equal(joinPayloads(runtime().getMessages("out")), TEXT);
    assert.deepEqual(openai.cursors, [7, null]);
    assert.equal(openai.generations, 1);
  });

  it("carries only the place in its messages, and not what was read", async () => {
    openai.cuts = [8];
    await runtime().deploy(
      createRetryFlow(openai.url, { service: OPENAI, stream: { background: true, wires: [["out"]] } }),
      "full",
      CREDENTIALS,
    );
    runtime().inject("ask", { payload: "Tell me." });
    const [end] = await runtime().waitForEnds("out");
    assert.deepEqual(end!["resume"], { id: "resp_kept1", after: 7 });
  });

  it("falls back to a quote if the service has forgotten the answer", async () => {
    openai.isForgetful = true;
    openai.answers = [STORY, buildMessageEvents(["there was a king."])];
    openai.cuts = [8];
    const end = await ask();
    assert.equal(end.error, undefined);
    assert.equal(joinPayloads(runtime().getMessages("out")), TEXT);
    assert.equal(openai.generations, 2);
    assert.equal(openai.stopped.length > 0, true, "the forgotten answer is stopped");
  });

  it("stops the answer at the service if the stream is cancelled while it waits to go on", async () => {
    openai.cuts = [8];
    const flow = createRetryFlow(openai.url, {
      service: OPENAI,
      retry: { delay: 60_000, maxDelay: 60_000 },
      stream: { background: true },
    });
    await runtime().deploy(flow, "full", CREDENTIALS);
    runtime().inject("ask", { payload: "Tell me." });
    await runtime().waitUntil("out", (messages) => joinPayloads(messages) !== "");
    await pause(150);
    runtime().inject("retry", { cancel: true });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.finishReason, "cancelled");
    while (openai.stopped.length === 0) await pause(5);
    assert.deepEqual(openai.stopped, ["resp_kept1"]);
  });

  it("stops the answer at the service if the attempts are used up", async () => {
    openai.cuts = [6, 7, 8];
    const end = await ask({ attempts: 2 });
    assert.equal(end.finishReason, "error");
    while (openai.stopped.length === 0) await pause(5);
    assert.equal((end.error as { partial: string }).partial, joinPayloads(runtime().getMessages("out")));
  });

  it("fails for a service that keeps nothing, before anything is sent", async () => {
    const flow = createRetryFlow(openai.url, { service: { api: "chat" }, stream: { background: true } });
    await runtime().deploy(flow, "full", CREDENTIALS);
    runtime().inject("ask", { payload: "Hi" });
    const [end] = await runtime().waitForEnds("out");
    assert.equal((end!.error as { code: string }).code, "invalid_request");
    assert.match((end!.error as { message: string }).message, /keeps no answer in the background/);
    assert.equal(service().requests.length, 0);
  });
});
