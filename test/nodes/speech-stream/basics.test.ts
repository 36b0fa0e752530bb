import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { chatStream, node, sink, TAB } from "../../support/runtime/flows.js";
import { type TestFlow, useHelper } from "../../support/runtime/helper.js";
import { end, ends, eventually, pause } from "../../support/runtime/inbox.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import {
  assertOneSequence,
  begin,
  soundOf,
  speaking,
  speechFlow,
  texts,
} from "../../support/worlds/speech.js";

const KEY = "sk-a-key-for-speech";

describe("A speech-stream", () => {
  const load = useHelper(["sequence/17-split.js"]);
  const service = useService();
  beforeEach(() => {
    service().script = speaking;
  });

  const start = (more = {}, who = {}) =>
    load(speechFlow(service().url, more, who), { provider: { apiKey: KEY } });
  const say = (flow: TestFlow, ...messages: Message[]) => {
    for (const message of messages) flow.inject("speech", message);
  };
  const asked = () => service().requests.map(({ body }) => body["input"]);
  const errorOf = (message: Message) =>
    message["error"] as { code: string; message: string; partial: string };

  it("speaks the texts of a stream one after the other, as one sequence of sound", async () => {
    const flow = await start();
    say(flow, ...texts("a", "One.", "Two.", "Three."));
    const last = await end(flow.inbox("out"));
    assert.equal(soundOf(flow.inbox("out").messages), "<One.><Two.><Three.>");
    assertOneSequence(flow.inbox("out"));
    assert.ok(flow.inbox("out").messages.every(({ parts, topic }) => parts!.id === "a" && topic === "t"));
    assert.ok(flow.inbox("out").messages.every(({ contentType }) => contentType === "audio/mpeg"));
    assert.equal(last.finishReason, "length");
    assert.equal(service().maxOpenStreams, 1, "one after the other");
    const { durationMs, firstAudioMs, ...stats } = last["stats"] as Record<string, number>;
    assert.deepEqual(stats, { texts: 3, characters: 14, bytes: 20 });
    assert.ok(firstAudioMs! <= durationMs!);
    await eventually(() => flow.inbox("completed").size === 4);
    assert.equal(last["request"], undefined);
  });

  it("tells the last response's headers, without what is nobody's business", async () => {
    const flow = await start();
    say(flow, ...texts("a", "One."));
    const { headers } = await end(flow.inbox("out"));
    const { date, ...rest } = headers as Record<string, string>;
    assert.ok(date);
    assert.deepEqual(rest, {
      "content-type": "audio/mpeg",
      "x-request-id": "req-1",
      "x-ratelimit-remaining-requests": "9",
    });
    assert.ok(!JSON.stringify(flow.inbox("out").messages).includes(KEY));
  });

  it("speaks while the text is still being written", async () => {
    const flow = await start();
    const [first, ...rest] = texts("a", "One.", "Two.");
    say(flow, first!);
    await flow.inbox("out").until((all) => soundOf(all) === "<One.>");
    await eventually(() => flow.inbox("completed").size === 1);
    say(flow, ...rest);
    await end(flow.inbox("out"));
    assert.equal(soundOf(flow.inbox("out").messages), "<One.><Two.>");
  });

  it("gives each message its own way back to a link call, from which a link out takes", async () => {
    const flow = await start();
    say(flow, ...texts("a", "One.").map((text) => ({ ...text, _linkSource: [{ id: "e", node: "call" }] })));
    await end(flow.inbox("out"));
    const ways = flow.inbox("out").messages.map((message) => message["_linkSource"]);
    assert.ok(ways.length > 2);
    assert.equal(new Set(ways).size, ways.length);
  });

  it("gives core join the file", async () => {
    const join = node("join", "join", ["out"], { mode: "auto" });
    const flow = await load([...speechFlow(service().url, { wires: [["join"]] }), join], {
      provider: { apiKey: KEY },
    });
    say(flow, ...texts("a", "One.", "Two."));
    const [file] = await flow.inbox("out").atLeast(1);
    assert.ok(Buffer.isBuffer(file!.payload));
    assert.equal(file!.payload.toString(), "<One.><Two.>");
    assert.equal(file!["contentType"], "audio/mpeg");
    await pause();
    assert.equal(flow.inbox("out").size, 1);
  });

  it("sends what the author sets and nothing else", async () => {
    await say(
      await start({
        model: "tts-1",
        voice: "alloy",
        format: "opus",
        speed: "1.5",
        options: '{"language":"en"}',
      }),
      { payload: "Hi" },
    );
    const request = await service().waitForRequests(1);
    assert.equal(request.path, "/v1/audio/speech");
    assert.equal(request.headers.authorization, `Bearer ${KEY}`);
    assert.equal(request.headers.accept, "audio/*");
    assert.deepEqual(request.body, {
      model: "tts-1",
      voice: "alloy",
      response_format: "opus",
      speed: 1.5,
      language: "en",
      input: "Hi",
    });
    const flow = await start({ property: "say" });
    say(flow, { payload: "not this", say: "Hello", voice: "echo" });
    await service().waitForRequests(2);
    assert.deepEqual(service().requests[1]!.body, { voice: "echo", input: "Hello" });
    await end(flow.inbox("out"));
  });

  it("asks Venice to stream", async () => {
    const flow = await start({}, { provider: "venice", settings: {} });
    say(flow, { payload: "Hi" });
    await end(flow.inbox("out"));
    assert.deepEqual(service().requests[0]!.body, { streaming: true, input: "Hi" });
  });

  it("takes a message without a place for a stream by itself, and keeps outer places", async () => {
    const flow = await start();
    say(flow, { payload: "One." }, { payload: 2 });
    const lasts = await ends(flow.inbox("out"), 2);
    assert.notEqual(lasts[0]!.parts!.id, lasts[1]!.parts!.id);
    assert.equal(lasts[0]!.finishReason, "stop");
    flow.inbox("out").clear();
    const outer = { id: "outer", index: 1, count: 2 };
    say(flow, { payload: "Three.", parts: { id: "b", index: 0, count: 1, parts: outer } });
    await end(flow.inbox("out"));
    assert.ok(flow.inbox("out").messages.every(({ parts }) => parts!.parts!.id === "outer"));
  });

  it("lets two streams speak side by side", async () => {
    const flow = await start();
    const [one, two] = [texts("a", "One.", "Two."), texts("b", "Three.")];
    say(flow, one[0]!, two[0]!, one[1]!, two[1]!, one[2]!);
    await ends(flow.inbox("out"), 2);
    const of = (id: string) => flow.inbox("out").messages.filter(({ parts }) => parts!.id === id);
    assert.equal(soundOf(of("a")), "<One.><Two.>");
    assert.equal(soundOf(of("b")), "<Three.>");
  });

  it("passes over what cannot be spoken, and ends a stream of nothing else", async () => {
    const flow = await start();
    say(flow, ...texts("a", "\n", "---", "1."), ...texts("b", "* * *"));
    const lasts = await ends(flow.inbox("out"), 2);
    assert.deepEqual(asked(), ["1."]);
    assert.equal(lasts.find(({ parts }) => parts!.id === "b")!.parts!.count, 1);
    await eventually(() => flow.inbox("completed").size === 6);
  });

  it("gives a long text to the service sentence by sentence", async () => {
    const flow = await start();
    const sentence = `The ${"word ".repeat(300)}end. `;
    say(flow, { payload: sentence.repeat(4) });
    await end(flow.inbox("out"));
    assert.equal(service().requests.length, 4);
    assert.equal(asked().join(""), sentence.repeat(4));
    await eventually(() => flow.inbox("completed").size === 1);
  });

  it("makes one WAV of several", async () => {
    const header = Buffer.alloc(44);
    header.write("RIFF", 0);
    header.writeUInt32LE(40, 4);
    header.write("WAVEfmt ", 8);
    header.writeUInt32LE(16, 16);
    header.write("data", 36);
    header.writeUInt32LE(4, 40);
    service().script = async (reply) => {
      begin(reply, "audio/wav");
      reply.response.write(header.subarray(0, 10));
      await pause(2);
      reply.response.end(Buffer.concat([header.subarray(10), Buffer.from("abcd")]));
    };
    const flow = await start();
    say(flow, ...texts("a", "One.", "Two."));
    await end(flow.inbox("out"));
    const sound = Buffer.concat(flow.inbox("out").messages.map(({ payload }) => payload as Buffer));
    assert.equal(sound.subarray(44).toString(), "abcdabcd");
    assert.equal(sound.indexOf("RIFF", 1), -1);
    assert.equal(sound.readUInt32LE(40), 0xffffffff);
  });

  const FAILURES: Record<string, [Script, string, string]> = {
    "a refusal": [
      (reply) => reply.sendJson(429, { error: { message: "Slow down", code: "rate_limit_exceeded" } }),
      "rate_limit",
      "",
    ],
    "a JSON answer": [(reply) => reply.sendJson(200, { error: "no voice" }), "bad_response", ""],
    "a web page": [(reply) => reply.sendText(200, "text/html", "<html>"), "bad_response", ""],
    "an empty sound": [(reply) => void begin(reply).end(), "interrupted", ""],
    "a sound that breaks off": [
      async (reply) => {
        begin(reply);
        reply.response.write("<half");
        await pause(5);
        reply.drop();
      },
      "interrupted",
      "<half",
    ],
  };
  for (const [name, [script, code, heard]] of Object.entries(FAILURES)) {
    it(`ends with an error at ${name}, tells a Catch node once, and speaks no further`, async () => {
      service().queue.push(speaking, script);
      const flow = await start();
      say(flow, ...texts("a", "One.", "Two.", "Three."));
      const last = await end(flow.inbox("out"));
      assert.deepEqual(
        [errorOf(last).code, errorOf(last).partial, last.finishReason],
        [code, "One.", "error"],
      );
      assert.equal(soundOf(flow.inbox("out").messages), `<One.>${heard}`);
      assertOneSequence(flow.inbox("out"));
      await eventually(() => flow.inbox("errors").size === 1);
      assert.equal((flow.inbox("errors").messages[0]!["error"] as { code: string }).code, code);
      say(flow, { payload: "late", parts: { id: "a", index: 9 } });
      await pause();
      assert.deepEqual(asked(), ["One.", "Two."]);
      assert.equal(flow.inbox("errors").size, 1);
    });
  }

  it("shows the key to nobody, whatever the service quotes", async () => {
    service().script = (reply, { headers }) =>
      reply.sendJson(401, { error: `Bad key: ${headers.authorization}` });
    const flow = await start();
    say(flow, { payload: "Hi" });
    const last = await end(flow.inbox("out"));
    assert.match(errorOf(last).message, /\*\*\*/);
    await eventually(() => flow.inbox("errors").size === 1);
    assert.ok(!JSON.stringify([last, flow.inbox("errors").messages]).includes(KEY));
  });

  it("says what is wrong in its settings", async () => {
    for (const [more, who, code] of [
      [{ provider: "nowhere" }, {}, "configuration"],
      [{}, { provider: "anthropic", settings: {} }, "configuration"],
      [{ speed: "fast" }, {}, "configuration"],
      [{ options: "[1]" }, {}, "configuration"],
    ] as const) {
      const flow = await start(more, who);
      say(flow, { payload: "Hi" });
      await eventually(() => flow.inbox("errors").size === 1);
      assert.equal((flow.inbox("errors").messages[0]!["error"] as { code: string }).code, code);
    }
    const flow = await start();
    say(flow, { payload: { text: "Hi" } });
    await eventually(() => flow.inbox("errors").size === 1);
    assert.equal((flow.inbox("errors").messages[0]!["error"] as { code: string }).code, "invalid_request");
    assert.equal(service().requests.length, 0);
  });

  it("tells on its last message that the text failed, and has spoken what there was", async () => {
    const flow = await start();
    const [one, last] = texts("a", "One.");
    say(flow, one!, { ...last!, finishReason: "error", error: { code: "timeout" } });
    const { finishReason, error } = await end(flow.inbox("out"));
    assert.deepEqual([finishReason, error], ["error", { code: "timeout" }]);
    assert.equal(soundOf(flow.inbox("out").messages), "<One.>");
    assert.equal(flow.inbox("errors").size, 0);
  });

  it("speaks the demo's answers sentence by sentence, with no key", async () => {
    const flow = await load([
      TAB,
      { id: "provider", type: "chat-provider", provider: "demo", demoPace: 0 },
      chatStream({ model: "demo", wires: [["sentences"]] }),
      node("delta-buffer", "sentences", ["speech"], { milliseconds: "", boundary: "sentence" }),
      node("speech-stream", "speech", ["out"], { provider: "provider" }),
      sink("out"),
    ]);
    flow.inject("ask", { payload: "Explain streaming in a few sentences." });
    const last = await end(flow.inbox("out"));
    assert.equal((last["stats"] as { texts: number }).texts, 4);
    assert.equal(last["contentType"], "audio/wav");
    const sound = Buffer.concat(flow.inbox("out").messages.map(({ payload }) => payload as Buffer));
    assert.equal(sound.toString("latin1", 0, 4), "RIFF");
    assert.ok(sound.length > 100_000);
  });
});
