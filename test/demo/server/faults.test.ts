import assert from "node:assert/strict";
import { type Chunk, Demo, user } from "../client.js";

const MESSAGES = [user("Tell me a story about a fox")];

describe("The demo server's faults", () => {
  let demo: Demo;
  before(async () => {
    demo = await Demo.start();
  });
  after(() => demo.close());

  const stream = (model: string) => demo.stream({ model, messages: MESSAGES });
  const post = (model: string, streamed: boolean) =>
    demo.send("/chat/completions", "POST", JSON.stringify({ model, messages: MESSAGES, stream: streamed }));

  it("429 has Retry-After and OpenAI's code, fails twice, and then lets one request succeed", async () => {
    const model = "demo:fault=429&times=2&retry-after=7";
    const replies = [
      await post(model, true),
      await post(model, true),
      await post(model, true),
      await post(model, true),
    ];
    assert.deepEqual(
      replies.map((reply) => reply.status),
      [429, 429, 200, 429],
    );
    assert.equal(replies[0]!.headers["retry-after"], "7");
    const { error } = JSON.parse(replies[0]!.text) as Required<Chunk>;
    assert.deepEqual([error.type, error.code], ["requests", "rate_limit_exceeded"]);
  });

  for (const status of [500, 503]) {
    it(`${status} is a server error, with Retry-After only if the model name sets it`, async () => {
      const reply = await post(`demo:fault=${status}`, true);
      assert.equal(reply.status, status);
      assert.equal((JSON.parse(reply.text) as Required<Chunk>).error.type, "server_error");
      assert.equal(reply.headers["retry-after"], undefined);
      assert.equal((await post(`demo:fault=${status}&retry-after=3`, true)).headers["retry-after"], "3");
    });
  }

  it("drop breaks the connection after the exact number of content chunks, each time", async () => {
    for (const after of [0, 1, 12, 12, 12]) {
      const streamed = await stream(`demo:fault=drop&after=${after}`);
      assert.equal(streamed.contents().length, after);
      assert.ok(streamed.failure);
      assert.equal(streamed.done, false);
    }
  });

  it("drop breaks a shorter answer before its end", async () => {
    const streamed = await demo.stream({
      model: "demo:fault=drop&after=500",
      messages: [user("count to 3")],
    });
    assert.equal(streamed.text(), "1, 2, 3.");
    assert.deepEqual(streamed.finishReasons(), []);
    assert.ok(streamed.failure);
  });

  it("drop counts only content, not reasoning", async () => {
    const streamed = await stream("demo-reasoning:fault=drop&after=2");
    assert.ok(streamed.reasoning().length > 50);
    assert.equal(streamed.contents().length, 2);
  });

  it("stall stops sending and keeps the connection open", async () => {
    const response = await demo.chat({ model: "demo:fault=stall&after=3", messages: MESSAGES, stream: true });
    let text = "";
    let ended = false;
    response.body.on("data", (part: Buffer) => {
      text += part.toString();
    });
    response.body.on("error", () => undefined);
    response.body.on("end", () => {
      ended = true;
    });
    while (text.split("\n\n").length < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    const before = text;
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.equal(text, before);
    assert.equal(ended, false);
    response.body.destroy();
  });

  it("malformed adds one record that is not JSON, and the answer goes on", async () => {
    const streamed = await stream("demo:fault=malformed&after=12");
    const bad = streamed.records.findIndex((record) => record !== "[DONE]" && !record.endsWith("}"));
    assert.equal(bad, 13);
    assert.throws(() => JSON.parse(streamed.records[bad]!), SyntaxError);
    assert.equal(streamed.text(), (await stream("demo")).text());
    assert.ok(streamed.done);
  });

  it("error sends an error in the stream and nothing after it", async () => {
    const streamed = await stream("demo:fault=error&after=12");
    assert.equal(streamed.contents().length, 12);
    assert.equal(streamed.chunks.at(-1)!.error!.type, "server_error");
    assert.equal(streamed.done, false);
    assert.equal(streamed.failure, undefined);
  });

  it("empty answers 200 with an empty body", async () => {
    const reply = await post("demo:fault=empty", true);
    assert.deepEqual([reply.status, reply.text], [200, ""]);
  });

  it("html answers 200 with a page", async () => {
    const reply = await post("demo:fault=html", true);
    assert.equal(reply.status, 200);
    assert.match(String(reply.headers["content-type"]), /^text\/html/);
    assert.match(reply.text, /^<!doctype html>/);
  });

  it("length ends the answer early with finish_reason length", async () => {
    const streamed = await stream("demo:fault=length&after=4");
    assert.equal(streamed.contents().length, 4);
    assert.deepEqual(streamed.finishReasons(), ["length"]);
    assert.ok(streamed.done);
  });

  it("faults also hit answers that are not streamed", async () => {
    await assert.rejects(post("demo:fault=drop", false));
    const malformed = await post("demo:fault=malformed", false);
    assert.throws(() => JSON.parse(malformed.text), SyntaxError);
    assert.ok((JSON.parse((await post("demo:fault=error", false)).text) as Chunk).error);
    assert.equal(
      (await demo.whole({ model: "demo:fault=length&after=4", messages: MESSAGES })).choices[0]!
        .finish_reason,
      "length",
    );
    assert.equal((await post("demo:fault=empty", false)).text, "");
  });

  it("a refused request does not count for `times`", async () => {
    const model = "demo:fault=500&times=1&after=9";
    assert.equal((await demo.send("/chat/completions", "POST", JSON.stringify({ model }))).status, 400);
    assert.equal((await post(model, true)).status, 500);
    assert.equal((await post(model, true)).status, 200);
  });
});
