import assert from "node:assert/strict";
import { Demo, isWellFormed, type Streamed, user } from "../client.js";

const STORY = { model: "demo", messages: [user("Tell me a story about a fox")] };
const COUNT = { model: "demo", messages: [user("count to 5")] };

describe("The demo server's streams", () => {
  let demo: Demo;
  before(async () => {
    demo = await Demo.start();
  });
  after(() => demo.close());

  it("begin with a role and end with an empty delta and [DONE]", async () => {
    const streamed = await demo.stream(COUNT);
    const { chunks } = streamed;
    assert.deepEqual(chunks[0]!.choices[0]!.delta, { role: "assistant", content: "", refusal: null });
    assert.deepEqual(chunks.at(-1)!.choices[0]!.delta, {});
    assert.equal(chunks.at(-1)!.choices[0]!.finish_reason, "stop");
    assert.equal(streamed.text(), "1, 2, 3, 4, 5.");
    assert.ok(streamed.done);
    assert.ok(chunks.slice(1, -1).every((chunk) => chunk.choices[0]!.finish_reason === null));
  });

  it("repeat the id, the time and the requested model in every chunk", async () => {
    const { chunks } = await demo.stream({ ...COUNT, model: "demo:pace=0" });
    assert.match(chunks[0]!.id, /^chatcmpl-demo-/);
    assert.equal(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.created} ${chunk.model}`)).size, 1);
    assert.equal(chunks[0]!.model, "demo:pace=0");
    assert.ok(chunks.every((chunk) => chunk.object === "chat.completion.chunk"));
  });

  it("have the content type of an event stream", async () => {
    const response = await demo.chat({ ...COUNT, stream: true });
    assert.match(String(response.headers["content-type"]), /^text\/event-stream/);
    await response.body.text();
  });

  it("have the same text as an answer that is not streamed, each time", async () => {
    const text = (await demo.stream(STORY)).text();
    assert.equal((await demo.whole(STORY)).choices[0]!.message.content, text);
    assert.equal((await demo.stream({ ...STORY, model: "demo:fault=malformed&after=3" })).text(), text);
  });

  it("end with the usage, without choices, only if the client asks for it", async () => {
    const asked = await demo.stream({ ...COUNT, stream_options: { include_usage: true } });
    const last = asked.chunks.at(-1)!;
    assert.deepEqual(last.choices, []);
    assert.equal(last.usage!.completion_tokens, asked.contents().length);
    assert.equal(last.usage!.total_tokens, last.usage!.prompt_tokens + last.usage!.completion_tokens);
    assert.ok(asked.chunks.slice(0, -1).every((chunk) => chunk.usage === null));
    assert.ok(asked.done);
    assert.ok((await demo.stream(COUNT)).chunks.every((chunk) => chunk.usage === undefined));
    assert.deepEqual((await demo.whole(COUNT)).usage, last.usage);
  });

  it("are cut at max_tokens and max_completion_tokens with finish_reason length", async () => {
    for (const field of ["max_tokens", "max_completion_tokens"]) {
      const streamed = await demo.stream({ ...STORY, [field]: 7 });
      assert.equal(streamed.contents().length, 7);
      assert.deepEqual(streamed.finishReasons(), ["length"]);
    }
    const whole = (await demo.stream(COUNT)).contents().length;
    // The token that ends an answer counts as well.
    assert.deepEqual((await demo.stream({ ...COUNT, max_tokens: whole })).finishReasons(), ["length"]);
    assert.deepEqual((await demo.stream({ ...COUNT, max_tokens: whole + 1 })).finishReasons(), ["stop"]);
  });

  it("stop before a stop string, one or several", async () => {
    assert.equal((await demo.stream({ ...COUNT, stop: ", 4" })).text(), "1, 2, 3");
    const several = await demo.stream({ ...COUNT, stop: ["5", "3", "nowhere"] });
    assert.equal(several.text(), "1, 2, ");
    assert.deepEqual(several.finishReasons(), ["stop"]);
  });

  it("interleave the choices of n > 1, each with its own start and end", async () => {
    const streamed = await demo.stream({ ...STORY, n: 2, stream_options: { include_usage: true } });
    const indices = streamed.chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.index));
    assert.deepEqual(indices.slice(0, 6), [0, 1, 0, 1, 0, 1]);
    assert.deepEqual(streamed.finishReasons(), ["stop", "stop"]);
    assert.notEqual(streamed.text(0), streamed.text(1));
    const whole = await demo.whole({ ...STORY, n: 2 });
    assert.deepEqual(
      whole.choices.map((choice) => choice.message.content),
      [streamed.text(0), streamed.text(1)],
    );
    assert.equal(whole.usage!.completion_tokens, streamed.contents(0).length + streamed.contents(1).length);
  });

  it("begin with the reasoning of a reasoning model, which counts in the usage", async () => {
    const streamed = await demo.stream({
      ...COUNT,
      model: "demo-reasoning",
      stream_options: { include_usage: true },
    });
    assert.match(streamed.reasoning(), /count/);
    assert.equal(streamed.text(), "1, 2, 3, 4, 5.");
    const kinds = streamed
      .deltas()
      .slice(1, -1)
      .map((delta) => ("reasoning_content" in delta ? "r" : "c"));
    assert.match(kinds.join(""), /^r+c+$/);
    const thoughts = kinds.filter((kind) => kind === "r").length;
    const usage = streamed.chunks.at(-1)!.usage as unknown as {
      completion_tokens_details: { reasoning_tokens: number };
    };
    assert.equal(usage.completion_tokens_details.reasoning_tokens, thoughts);
    const whole = await demo.whole({ ...COUNT, model: "demo-reasoning" });
    assert.equal(whole.choices[0]!.message.reasoning_content, streamed.reasoning());
  });

  it("have less or no reasoning as reasoning_effort says", async () => {
    const length = async (effort: string) =>
      (await demo.stream({ ...COUNT, model: "demo-reasoning", reasoning_effort: effort })).reasoning().length;
    const [none, low, high] = [await length("none"), await length("low"), await length("high")];
    assert.equal(none, 0);
    assert.ok(low > 0 && low < high);
  });

  it("split no emoji at a max_tokens cut", async () => {
    const text = "👩‍🚀👍🏽 naïve 你好 🇫🇷";
    for (let cut = 1; cut < 9; cut++) {
      const streamed = await demo.stream({
        model: "demo",
        messages: [user(`repeat: ${text}`)],
        max_tokens: cut,
      });
      for (const piece of streamed.contents()) assert.ok(isWellFormed(piece));
      assert.ok(text.startsWith(streamed.text()));
    }
  });

  it("continue a final assistant message", async () => {
    const whole = (await demo.stream(STORY)).text();
    const prefix = whole.slice(0, 150);
    const rest = await demo.stream({
      ...STORY,
      messages: [...STORY.messages, { role: "assistant", content: prefix }],
    });
    assert.equal(prefix + rest.text(), whole);
  });

  it("continue an answer that breaks three times, without a gap", async () => {
    const model = "demo:fault=drop&after=30&times=3";
    const whole = (await demo.stream(STORY)).text();
    let text = "";
    let attempts = 0;
    let streamed: Streamed;
    do {
      const prefill = text ? [{ role: "assistant", content: text }] : [];
      streamed = await demo.stream({ model, messages: [...STORY.messages, ...prefill] });
      text += streamed.text();
      attempts++;
    } while (!streamed.done && attempts < 10);
    assert.equal(attempts, 4);
    assert.equal(text, whole);
  });
});

const WEATHER = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The current weather in a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

describe("The demo server's tool calls", () => {
  let demo: Demo;
  before(async () => {
    demo = await Demo.start();
  });
  after(() => demo.close());

  const ask = {
    model: "demo",
    messages: [user("What is the weather in Paris and London?")],
    tools: [WEATHER],
  };

  it("are streamed in parallel: id and name first, then the arguments in fragments", async () => {
    const streamed = await demo.stream(ask);
    assert.equal(streamed.deltas()[0]!.content, null);
    assert.deepEqual(streamed.finishReasons(), ["tool_calls"]);
    const fragments = streamed.deltas().flatMap((delta) => delta.tool_calls ?? []);
    for (const index of [0, 1]) {
      const [first, ...rest] = fragments.filter((fragment) => fragment.index === index);
      assert.match(first!.id!, /^call_/);
      assert.deepEqual([first!.type, first!.function], ["function", { name: "get_weather", arguments: "" }]);
      assert.ok(
        rest.length > 1 &&
          rest.every((fragment) => fragment.id === undefined && fragment.function.name === undefined),
      );
      const city = rest.map((fragment) => fragment.function.arguments).join("");
      assert.deepEqual(JSON.parse(city), { city: ["Paris", "London"][index] });
    }
    assert.equal(new Set(fragments.map((fragment) => fragment.id).filter(Boolean)).size, 2);
  });

  it("are the same in an answer that is not streamed", async () => {
    const { message, finish_reason } = (await demo.whole(ask)).choices[0]!;
    assert.equal(finish_reason, "tool_calls");
    assert.equal(message.content, null);
    assert.deepEqual(
      message.tool_calls!.map((call) => call.function.arguments),
      ['{"city":"Paris"}', '{"city":"London"}'],
    );
  });

  it("lead to an answer from the results", async () => {
    const { message } = (await demo.whole(ask)).choices[0]!;
    const results = message.tool_calls!.map((call, at) => ({
      role: "tool",
      tool_call_id: call.id,
      content: `${10 + at} degrees`,
    }));
    const answer = await demo.stream({ ...ask, messages: [...ask.messages, message, ...results] });
    assert.match(answer.text(), /Paris: 10 degrees/);
    assert.match(answer.text(), /London: 11 degrees/);
    assert.deepEqual(answer.finishReasons(), ["stop"]);
  });

  it("are cut at max_tokens", async () => {
    const streamed = await demo.stream({ ...ask, max_tokens: 3 });
    assert.deepEqual(streamed.finishReasons(), ["length"]);
  });
});
