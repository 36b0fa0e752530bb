import assert from "node:assert/strict";
import type OpenAI from "openai";
import { Demo } from "../client.js";
import { createSdk, joinText, streamResponse } from "../responses-client.js";

const STORY = { model: "demo", input: "Tell me a story about a fox" };
const WEATHER = {
  type: "function" as const,
  name: "get_weather",
  description: "The current weather in a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  strict: false,
};
const ASK_WEATHER = {
  model: "demo",
  input: "What is the weather in Paris and London?",
  tools: [WEATHER],
};

describe("The demo server's Responses", () => {
  let demo: Demo;
  let sdk: OpenAI;
  before(async () => {
    demo = await Demo.start();
    sdk = createSdk(demo);
  });
  after(() => demo.close());

  async function refuse(body: object): Promise<{ status: number; message: string; param: string | null }> {
    const reply = await demo.send("/responses", "POST", JSON.stringify(body));
    const { error } = JSON.parse(reply.text) as { error: { message: string; param: string | null } };
    return { status: reply.status, ...error };
  }

  it("number their events from 0 without a gap, from response.created to response.completed", async () => {
    const { events } = await streamResponse(demo, STORY);
    assert.deepEqual(
      events.map((event) => event.sequence_number),
      [...events.keys()],
    );
    assert.equal(events[0]!.type, "response.created");
    assert.equal(events.at(-1)!.type, "response.completed");
  });

  it("give the openai SDK the same answer streamed and whole", async () => {
    const whole = await sdk.responses.create(STORY);
    const stream = sdk.responses.stream(STORY);
    let text = "";
    stream.on("response.output_text.delta", ({ delta }) => {
      text += delta;
    });
    const final = await stream.finalResponse();
    assert.ok(whole.output_text.length > 50);
    assert.equal(final.output_text, whole.output_text);
    assert.equal(text, whole.output_text);
    assert.deepEqual(final.usage, whole.usage);
    assert.equal(whole.usage!.total_tokens, whole.usage!.input_tokens + whole.usage!.output_tokens);
    assert.equal(whole.status, "completed");
    assert.equal(whole.model, "demo");
  });

  it("stream two tool calls at once, and answer from their outputs", async () => {
    const final = await sdk.responses.stream(ASK_WEATHER).finalResponse();
    const calls = final.output.filter((item) => item.type === "function_call");
    assert.deepEqual(
      calls.map((call) => [call.name, JSON.parse(call.arguments)]),
      [
        ["get_weather", { city: "Paris" }],
        ["get_weather", { city: "London" }],
      ],
    );
    const outputs = calls.map(({ call_id }, at) => ({
      type: "function_call_output" as const,
      call_id,
      output: `${10 + at} degrees`,
    }));
    const input = [
      { role: "user" as const, content: ASK_WEATHER.input },
      ...(final.output as OpenAI.Responses.ResponseInput),
      ...outputs,
    ];
    const answer = await sdk.responses.create({ ...ASK_WEATHER, input });
    assert.match(answer.output_text, /Paris: 10 degrees/);
    assert.match(answer.output_text, /London: 11 degrees/);
  });

  it("obey tool_choice in its flat form", async () => {
    const forced = { type: "function" as const, name: "get_weather" };
    const answer = await sdk.responses.create({ ...ASK_WEATHER, input: "Hello Rome", tool_choice: forced });
    assert.equal(answer.output[0]!.type, "function_call");
    const none = await sdk.responses.create({ ...ASK_WEATHER, tool_choice: "none" });
    assert.equal(none.output[0]!.type, "message");
  });

  it("have the reasoning as a summary if the request asks for one, else in the model's own words", async () => {
    const ask = { model: "demo-reasoning", input: "count to 5" };
    const summarised = await sdk.responses
      .stream({ ...ask, reasoning: { effort: "high", summary: "auto" } })
      .finalResponse();
    const plain = await sdk.responses.stream({ ...ask, reasoning: { effort: "high" } }).finalResponse();
    const [thought] = summarised.output as OpenAI.Responses.ResponseReasoningItem[];
    const [ownWords] = plain.output as OpenAI.Responses.ResponseReasoningItem[];
    assert.match(thought!.summary[0]!.text, /count/);
    assert.deepEqual(ownWords!.summary, []);
    assert.equal(ownWords!.content![0]!.text, thought!.summary[0]!.text);
    assert.equal(summarised.output_text, "1, 2, 3, 4, 5.");
    assert.ok(summarised.usage!.output_tokens_details.reasoning_tokens > 5);
  });

  it("follow a JSON Schema", async () => {
    const schema = { type: "object", properties: { name: { type: "string" }, age: { type: "integer" } } };
    const answer = await sdk.responses.create({
      model: "demo",
      input: "Ada is 36 years old.",
      text: { format: { type: "json_schema", name: "person", schema } },
    });
    assert.equal((JSON.parse(answer.output_text) as { age: number }).age, 36);
  });

  it("take instructions, which stand before the input", async () => {
    const answer = await sdk.responses.create({
      model: "demo",
      input: "Hello",
      instructions: "Talk like a pirate.",
    });
    const plain = await sdk.responses.create({ model: "demo", input: "Hello" });
    assert.notEqual(answer.output_text, plain.output_text);
  });

  it("are incomplete at max_output_tokens, with the cut item among them", async () => {
    const { events } = await streamResponse(demo, { ...STORY, max_output_tokens: 16 });
    const { response, type } = events.at(-1)!;
    assert.equal(type, "response.incomplete");
    assert.deepEqual(response!.incomplete_details, { reason: "max_output_tokens" });
    assert.equal(response!.usage!.output_tokens, 16);
    const [item] = response!.output as OpenAI.Responses.ResponseOutputMessage[];
    assert.equal(item!.status, "incomplete");
  });

  it("refuse a body that OpenAI refuses, naming the field", async () => {
    const call = { type: "function_call", call_id: "call_1", name: "f", arguments: "{}" };
    const output = { type: "function_call_output", call_id: "call_1", output: "x" };
    for (const [body, param, message] of [
      [{}, "model", /Missing required/],
      [{ model: "demo" }, "input", /Missing required/],
      [{ model: "demo", input: [] }, "input", /at least one/],
      [{ model: "demo", messages: [] }, "messages", /moved to 'input'/],
      [{ ...STORY, max_tokens: 9 }, "max_tokens", /moved to 'max_output_tokens'/],
      [{ ...STORY, stop: ["x"] }, "stop", /Unknown parameter/],
      [{ ...STORY, max_output_tokens: 15 }, "max_output_tokens", /from 16/],
      [{ ...STORY, previous_response_id: "resp_1" }, "previous_response_id", /whole conversation/],
      [{ ...STORY, background: true, store: false }, "background", /store/],
      [{ ...STORY, tools: [{ type: "function", function: WEATHER }] }, "tools[0].name", /pattern/],
      [{ ...STORY, tools: [{ type: "web_search" }] }, "tools[0]", /function/],
      [{ ...STORY, text: { format: { type: "json_object" } } }, "input", /word 'json'/],
      [{ ...STORY, input: [{ role: "user", content: "x" }, call] }, "input", /No tool output found/],
      [{ ...STORY, input: [{ role: "user", content: "x" }, output] }, "input", /No tool call found/],
      [{ ...STORY, input: [{ role: "robot", content: "x" }] }, "input[0].role", /supported values/],
    ] as const) {
      const refusal = await refuse(body);
      assert.deepEqual([refusal.status, refusal.param], [400, param], JSON.stringify(body));
      assert.match(refusal.message, message);
    }
  });

  it("refuse a wrong key and an unknown model as Chat Completions do", async () => {
    const reply = await demo.send("/responses", "POST", JSON.stringify(STORY), {
      authorization: "Bearer no",
    });
    assert.equal(reply.status, 401);
    assert.equal((await refuse({ ...STORY, model: "gpt-9" })).status, 404);
  });
});

describe("The demo server's faults in Responses", () => {
  let demo: Demo;
  let sdk: OpenAI;
  before(async () => {
    demo = await Demo.start();
    sdk = createSdk(demo);
  });
  after(() => demo.close());

  const stream = (fault: string) => streamResponse(demo, { ...STORY, model: `demo:fault=${fault}` });
  const post = (fault: string) =>
    demo.send("/responses", "POST", JSON.stringify({ ...STORY, model: `demo:fault=${fault}` }));

  it("429 is refused as often as the model name says, and counted with Chat Completions", async () => {
    const body = JSON.stringify({
      model: "demo:fault=429&times=2",
      messages: [{ role: "user", content: "hi" }],
    });
    const statuses = [await post("429&times=2"), await demo.send("/chat/completions", "POST", body)];
    statuses.push(await post("429&times=2"));
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [429, 429, 200],
    );
    assert.equal(statuses[0]!.headers["retry-after"], "1");
  });

  it("drop breaks the connection after the exact number of text deltas", async () => {
    const { events, failure } = await stream("drop&after=12");
    assert.equal(events.filter(({ type }) => type === "response.output_text.delta").length, 12);
    assert.ok(failure);
    assert.ok(!events.some(({ type }) => type === "response.completed"));
  });

  it("malformed adds one record that is not JSON, and the answer goes on", async () => {
    const { body, events } = await stream("malformed&after=3");
    assert.equal(body.match(/^data: .*[^}\n]$/gm)?.length, 1);
    assert.equal(joinText(events), joinText((await streamResponse(demo, STORY)).events));
  });

  it("error ends the stream with an error and a failed response, which the openai SDK throws", async () => {
    const { events, failure } = await stream("error&after=12");
    assert.deepEqual(
      events.slice(-2).map(({ type, sequence_number: number }) => [type, number]),
      [
        ["error", events.length - 2],
        ["response.failed", events.length - 1],
      ],
    );
    assert.equal(events.at(-2)!.code, "server_error");
    assert.equal(events.at(-1)!.response!.error!.code, "server_error");
    assert.equal(failure, undefined);
    const asked = sdk.responses.stream({ ...STORY, model: "demo:fault=error&after=12" });
    await assert.rejects(asked.finalResponse(), /The server had an error/);
    const whole = await sdk.responses.create({ ...STORY, model: "demo:fault=error" });
    assert.equal(whole.status, "failed");
  });

  it("empty, html and length are what they are in Chat Completions", async () => {
    assert.equal((await post("empty")).text, "");
    assert.match(String((await post("html")).headers["content-type"]), /^text\/html/);
    const cut = (await stream("length&after=4")).events;
    assert.equal(cut.filter(({ type }) => type === "response.output_text.delta").length, 4);
    assert.equal(cut.at(-1)!.type, "response.incomplete");
  });

  it("drop and malformed also hit answers that are not streamed", async () => {
    await assert.rejects(post("drop"));
    const { text } = await post("malformed");
    assert.throws(() => JSON.parse(text), SyntaxError);
  });
});
