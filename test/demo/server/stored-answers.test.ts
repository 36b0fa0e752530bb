import assert from "node:assert/strict";
import type OpenAI from "openai";
import { DemoError } from "../../../src/demo/errors.js";
import { readModel } from "../../../src/demo/server/models.js";
import { createAnswer } from "../../../src/demo/server/responses/answer.js";
import { readDemoResponsesRequest } from "../../../src/demo/server/responses/request.js";
import { StoredAnswers } from "../../../src/demo/server/responses/stored-answers.js";
import { Demo } from "../client.js";
import {
  createSdk,
  joinText,
  type ResponsesEvent,
  resumeResponse,
  streamResponse,
} from "../responses-client.js";

const STORY = { model: "demo", input: "Tell me a story about a fox", background: true };
const COUNT = { model: "demo", input: "count to 15", background: true };
const TOOLS = {
  model: "demo-reasoning",
  background: true,
  input: "What is the weather in Paris and London?",
  tools: [
    {
      type: "function",
      name: "get_weather",
      description: "The weather in a city",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  ],
};

const idOf = (events: readonly ResponsesEvent[]): string => events[0]!.response!.id;

describe("The answers that the demo server keeps", () => {
  let demo: Demo;
  let sdk: OpenAI;
  before(async () => {
    demo = await Demo.start();
    sdk = createSdk(demo);
  });
  after(() => demo.close());

  for (const [name, body] of Object.entries({ "a text": COUNT, "reasoning and tool calls": TOOLS })) {
    it(`are streamed again after every event, with nothing lost and nothing twice: ${name}`, async () => {
      const { events } = await streamResponse(demo, body);
      assert.deepEqual((await resumeResponse(demo, idOf(events))).events, events);
      for (let after = 0; after < events.length; after++) {
        const rest = await resumeResponse(demo, idOf(events), after);
        assert.deepEqual(rest.events, events.slice(after + 1), `after ${after}`);
      }
    });
  }

  it("go on where a broken connection stopped", async () => {
    const whole = (await streamResponse(demo, STORY)).events;
    const broken = await streamResponse(demo, { ...STORY, model: "demo:fault=drop&after=12&times=1" });
    assert.ok(broken.failure);
    const last = broken.events.at(-1)!.sequence_number;
    const rest = await resumeResponse(demo, idOf(broken.events), last);
    assert.equal(rest.failure, undefined);
    assert.equal(joinText(broken.events) + joinText(rest.events), joinText(whole));
  });

  it("break again as often as the model name says, each time further on, with a cursor or from the beginning", async () => {
    const whole = joinText((await streamResponse(demo, STORY)).events);
    const model = "demo:fault=drop&after=12&times=2";
    for (const hasCursor of [true, false]) {
      const streams = [await streamResponse(demo, { ...STORY, model })];
      const id = idOf(streams[0]!.events);
      while (streams.at(-1)!.failure) {
        const after = hasCursor ? streams.at(-1)!.events.at(-1)!.sequence_number : undefined;
        streams.push(await resumeResponse(demo, id, after));
      }
      const texts = streams.map(({ events }) => joinText(events));
      assert.equal(texts.length, 3);
      assert.equal(hasCursor ? texts.join("") : texts[2], whole);
      const counts = streams.map(({ events }) => events.filter(({ delta }) => delta !== undefined).length);
      assert.deepEqual(counts.slice(0, 2), [12, hasCursor ? 12 : 24]);
    }
  });

  it("are followed by a client of the openai SDK", async () => {
    const whole = await sdk.responses.stream(STORY).finalResponse();
    const resumed = sdk.responses.stream({ response_id: whole.id });
    assert.equal((await resumed.finalResponse()).output_text, whole.output_text);
  });

  it("are made in the background without a stream, and asked for until they are there", async () => {
    const begun = await sdk.responses.create({ ...STORY, model: "demo:pace=500", input: "count to 5" });
    assert.equal(begun.status, "queued");
    assert.equal(begun.output_text, "");
    let answer = begun;
    while (answer.status === "queued" || answer.status === "in_progress")
      answer = await sdk.responses.retrieve(begun.id);
    assert.equal(answer.status, "completed");
    assert.equal(answer.output_text, "1, 2, 3, 4, 5.");
  });

  it("are made while nobody reads, and leave at once as far as they are", async () => {
    let nowMs = 0;
    const answers = new StoredAnswers(() => nowMs);
    const request = readDemoResponsesRequest({ ...STORY, stream: true });
    const stored = answers.begin(createAnswer(request, readModel("demo:pace=10", 30), undefined));
    nowMs = 500;
    const isDue = [...stored.stream(-1)].flatMap((step) => (step.kind === "content" ? [step.isDue] : []));
    assert.deepEqual(isDue.slice(0, 7), [true, true, true, true, true, false, false]);
    assert.equal(stored.status, "in_progress");
    nowMs = isDue.length * 100;
    assert.equal(stored.status, "completed");
  });

  it("stop when they are cancelled, also in a stream that is running, and only once", async () => {
    const model = "demo:pace=50";
    const response = await demo.open("/responses", "POST", JSON.stringify({ ...STORY, model, stream: true }));
    let body = "";
    let cancelled: OpenAI.Responses.Response | undefined;
    for await (const part of response.body) {
      body += String(part);
      const id = /"id":"(resp_\w+)"/.exec(body)?.[1];
      if (id !== undefined && body.includes("output_text.delta"))
        cancelled ??= await sdk.responses.cancel(id);
    }
    assert.equal(cancelled!.status, "cancelled");
    assert.match(body, /event: response\.cancelled\n.*\n\n$/);
    const again = await resumeResponse(demo, cancelled!.id);
    assert.equal(again.events.at(-1)!.type, "response.cancelled");
    assert.ok(joinText(again.events).length < 400);
    assert.equal((await sdk.responses.cancel(cancelled!.id)).status, "cancelled");
    assert.equal((await sdk.responses.retrieve(cancelled!.id)).status, "cancelled");
  });

  it("are not cancelled after their end", async () => {
    const { events } = await streamResponse(demo, STORY);
    assert.equal((await sdk.responses.cancel(idOf(events))).status, "completed");
  });

  it("are forgotten when they are deleted, and never stored with store: false", async () => {
    const { events } = await streamResponse(demo, STORY);
    await sdk.responses.delete(idOf(events));
    const { id } = await sdk.responses.create({ model: "demo", input: "hi", store: false });
    for (const gone of [idOf(events), id, "resp_unknown"])
      assert.equal((await demo.send(`/responses/${gone}`, "GET")).status, 404);
  });

  it("can be read whole, but neither streamed again nor cancelled, if they are not made in the background", async () => {
    const { id, output } = await sdk.responses.create({ model: "demo", input: "hi" });
    assert.deepEqual((await sdk.responses.retrieve(id)).output, output);
    const refusals = [await resumeResponse(demo, id), await demo.send(`/responses/${id}/cancel`, "POST")];
    assert.deepEqual(
      refusals.map(({ status }) => status),
      [400, 400],
    );
  });

  it("fail again where they failed, in every stream", async () => {
    const { events } = await streamResponse(demo, { ...STORY, model: "demo:fault=error&after=3" });
    assert.deepEqual((await resumeResponse(demo, idOf(events))).events, events);
    assert.equal((await sdk.responses.retrieve(idOf(events))).status, "failed");
  });

  it("are refused with a cursor that is no number", async () => {
    const { events } = await streamResponse(demo, STORY);
    assert.equal((await resumeResponse(demo, idOf(events), Number.NaN)).status, 400);
  });
});

describe("The room for answers that the demo server keeps", () => {
  let nowMs: number;
  let answers: StoredAnswers;
  beforeEach(() => {
    nowMs = 0;
    answers = new StoredAnswers(() => nowMs);
  });

  function begin(input = "hi"): string {
    const request = readDemoResponsesRequest({ model: "demo", input });
    return answers.begin(createAnswer(request, readModel("demo", 30), undefined)).answer.id;
  }

  function isKept(id: string): boolean {
    try {
      answers.get(id);
      return true;
    } catch (error) {
      assert.ok(error instanceof DemoError && error.status === 404);
      return false;
    }
  }

  it("ends after ten minutes", () => {
    const id = begin();
    nowMs = 600_000;
    assert.ok(isKept(id));
    nowMs++;
    assert.ok(!isKept(id));
  });

  it("ends at a hundred answers: the oldest is forgotten first", () => {
    const ids = Array.from({ length: 101 }, () => begin());
    assert.deepEqual(
      ids.map(isKept),
      ids.map((_, at) => at > 0),
    );
  });

  it("ends at a million characters: the oldest make room, and a longer answer is not stored", () => {
    const long = `repeat: ${"word ".repeat(60_000)}`;
    const ids = [begin(long), begin(), begin(long), begin(long)];
    assert.deepEqual(ids.map(isKept), [true, true, true, true]);
    const fourth = begin(long);
    assert.deepEqual([...ids, fourth].map(isKept), [false, true, true, true, true]);
    assert.ok(!isKept(begin(`repeat: ${"word ".repeat(250_000)}`)));
    assert.ok(isKept(fourth));
  });
});
