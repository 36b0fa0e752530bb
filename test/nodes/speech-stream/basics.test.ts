import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { createChatStreamNode, createFlowNode, createSinkNode, TAB } from "../../support/flows/nodes.js";
import {
  assertOneSequence,
  beginSound,
  createSpeechFlow,
  createTextStream,
  joinSound,
  speakInput,
} from "../../support/flows/speech.js";
import { waitForEnd, waitForEnds } from "../../support/runtime/inbox.js";
import { type TestFlow, useHelper } from "../../support/runtime/use-helper.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

const KEY = "sk-a-key-for-speech";

describe("speech-stream", () => {
  const load = useHelper(["sequence/17-split.js"]);
  const service = useService();
  beforeEach(() => {
    service().script = speakInput;
  });

  const start = (more = {}, providerSettings = {}) =>
    load(createSpeechFlow(service().url, more, providerSettings), { provider: { apiKey: KEY } });
  const say = (flow: TestFlow, ...messages: Message[]) => {
    for (const message of messages) flow.inject("speech", message);
  };
  const spokenTexts = () => service().requests.map(({ body }) => body["input"]);
  const readError = (message: Message) =>
    message["error"] as { code: string; message: string; partial: string };

  it("speaks the texts of a stream one after the other, as one sequence of audio", async () => {
    const flow = await start();
    say(flow, ...createTextStream("a", "One.", "Two.", "Three."));
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(joinSound(flow.getInbox("out").messages), "<One.><Two.><Three.>");
    assertOneSequence(flow.getInbox("out"));
    assert.ok(flow.getInbox("out").messages.every(({ parts, topic }) => parts!.id === "a" && topic === "t"));
    assert.ok(flow.getInbox("out").messages.every(({ contentType }) => contentType === "audio/mpeg"));
    assert.equal(last.finishReason, "length");
    assert.equal(service().maxOpenStreams, 1, "one after the other");
    const { durationMs, firstAudioMs, ...stats } = last["stats"] as Record<string, number>;
    assert.deepEqual(stats, { texts: 3, characters: 14, bytes: 20 });
    assert.ok(firstAudioMs! <= durationMs!);
    await waitUntil(() => flow.getInbox("completed").size === 4);
    assert.equal(last["request"], undefined);
  });

  it("speaks two sequences of a core node that have the same id", async () => {
    const flow = await start();
    const createLines = (...lines: string[]) =>
      lines.map((payload, index) => ({ payload, parts: { id: "lines", index, count: lines.length } }));
    say(flow, ...createLines("One.", "Two."));
    await waitForEnds(flow.getInbox("out"), 1);
    say(flow, ...createLines("Three."));
    await waitForEnds(flow.getInbox("out"), 2);
    assert.deepEqual(spokenTexts(), ["One.", "Two.", "Three."]);
  });

  it("is done with a last message that is repeated while it speaks", async () => {
    const flow = await start();
    const text = createTextStream("a", "One.");
    say(flow, ...text, text.at(-1)!);
    await waitForEnd(flow.getInbox("out"));
    await waitUntil(() => flow.getInbox("completed").size === text.length + 1);
    assert.deepEqual(spokenTexts(), ["One."]);
  });

  it("sends the last response's headers without secrets", async () => {
    const flow = await start();
    say(flow, ...createTextStream("a", "One."));
    const { headers } = await waitForEnd(flow.getInbox("out"));
    const { date, ...rest } = headers as Record<string, string>;
    assert.ok(date);
    assert.deepEqual(rest, {
      "content-type": "audio/mpeg",
      "x-request-id": "req-1",
      "x-ratelimit-remaining-requests": "9",
    });
    assert.ok(!JSON.stringify(flow.getInbox("out").messages).includes(KEY));
  });

  it("speaks while the text is still being written", async () => {
    const flow = await start();
    const [first, ...rest] = createTextStream("a", "One.", "Two.");
    say(flow, first!);
    await flow.getInbox("out").waitUntil((all) => joinSound(all) === "<One.>");
    await waitUntil(() => flow.getInbox("completed").size === 1);
    say(flow, ...rest);
    await waitForEnd(flow.getInbox("out"));
    assert.equal(joinSound(flow.getInbox("out").messages), "<One.><Two.>");
  });

  it("gives each message its own list of link call nodes, which a link out changes", async () => {
    const flow = await start();
    say(
      flow,
      ...createTextStream("a", "One.").map((text) => ({ ...text, _linkSource: [{ id: "e", node: "call" }] })),
    );
    await waitForEnd(flow.getInbox("out"));
    const linkSources = flow.getInbox("out").messages.map((message) => message["_linkSource"]);
    assert.ok(linkSources.length > 2);
    assert.equal(new Set(linkSources).size, linkSources.length);
  });

  it("lets core's join put the audio file together", async () => {
    const join = createFlowNode("join", "join", ["out"], { mode: "auto" });
    const flow = await load([...createSpeechFlow(service().url, { wires: [["join"]] }), join], {
      provider: { apiKey: KEY },
    });
    say(flow, ...createTextStream("a", "One.", "Two."));
    const [file] = await flow.getInbox("out").waitForCount(1);
    assert.ok(Buffer.isBuffer(file!.payload));
    assert.equal(file!.payload.toString(), "<One.><Two.>");
    assert.equal(file!["contentType"], "audio/mpeg");
    await pause();
    assert.equal(flow.getInbox("out").size, 1);
  });

  it("sends the request fields that the author sets, and no others", async () => {
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
    await waitForEnd(flow.getInbox("out"));
  });

  it("sets streaming in a request to Venice", async () => {
    const flow = await start({}, { provider: "venice", settings: {} });
    say(flow, { payload: "Hi" });
    await waitForEnd(flow.getInbox("out"));
    assert.deepEqual(service().requests[0]!.body, { streaming: true, input: "Hi" });
  });

  it("takes a message without parts as a stream of its own, and keeps outer parts", async () => {
    const flow = await start();
    say(flow, { payload: "One." }, { payload: 2 });
    const lasts = await waitForEnds(flow.getInbox("out"), 2);
    assert.notEqual(lasts[0]!.parts!.id, lasts[1]!.parts!.id);
    assert.equal(lasts[0]!.finishReason, "stop");
    flow.getInbox("out").clear();
    const outer = { id: "outer", index: 1, count: 2 };
    say(flow, { payload: "Three.", parts: { id: "b", index: 0, count: 1, parts: outer } });
    await waitForEnd(flow.getInbox("out"));
    assert.ok(flow.getInbox("out").messages.every(({ parts }) => parts!.parts!.id === "outer"));
  });

  it("speaks two streams side by side", async () => {
    const flow = await start();
    const [one, two] = [createTextStream("a", "One.", "Two."), createTextStream("b", "Three.")];
    say(flow, one[0]!, two[0]!, one[1]!, two[1]!, one[2]!);
    await waitForEnds(flow.getInbox("out"), 2);
    const of = (id: string) => flow.getInbox("out").messages.filter(({ parts }) => parts!.id === id);
    assert.equal(joinSound(of("a")), "<One.><Two.>");
    assert.equal(joinSound(of("b")), "<Three.>");
  });

  it("skips texts without a word, and ends a stream that has no other text", async () => {
    const flow = await start();
    say(flow, ...createTextStream("a", "\n", "---", "1."), ...createTextStream("b", "* * *"));
    const lasts = await waitForEnds(flow.getInbox("out"), 2);
    assert.deepEqual(spokenTexts(), ["1."]);
    assert.equal(lasts.find(({ parts }) => parts!.id === "b")!.parts!.count, 1);
    await waitUntil(() => flow.getInbox("completed").size === 6);
  });

  it("sends a long text sentence by sentence", async () => {
    const flow = await start();
    const sentence = `The ${"word ".repeat(300)}end. `;
    say(flow, { payload: sentence.repeat(4) });
    await waitForEnd(flow.getInbox("out"));
    assert.equal(service().requests.length, 4);
    assert.equal(spokenTexts().join(""), sentence.repeat(4));
    await waitUntil(() => flow.getInbox("completed").size === 1);
  });

  it("joins several WAV files into one", async () => {
    const header = Buffer.alloc(44);
    header.write("RIFF", 0);
    header.writeUInt32LE(40, 4);
    header.write("WAVEfmt ", 8);
    header.writeUInt32LE(16, 16);
    header.write("data", 36);
    header.writeUInt32LE(4, 40);
    service().script = async (reply) => {
      beginSound(reply, "audio/wav");
      reply.response.write(header.subarray(0, 10));
      await pause(2);
      reply.response.end(Buffer.concat([header.subarray(10), Buffer.from("abcd")]));
    };
    const flow = await start();
    say(flow, ...createTextStream("a", "One.", "Two."));
    await waitForEnd(flow.getInbox("out"));
    const sound = Buffer.concat(flow.getInbox("out").messages.map(({ payload }) => payload as Buffer));
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
    "empty audio": [(reply) => void beginSound(reply).end(), "interrupted", ""],
    "audio that breaks off": [
      async (reply) => {
        beginSound(reply);
        reply.response.write("<half");
        await pause(5);
        reply.drop();
      },
      "interrupted",
      "<half",
    ],
  };
  for (const [name, [script, code, audio]] of Object.entries(FAILURES)) {
    it(`ends with an error after ${name}, reports it to a Catch node once, and speaks no further`, async () => {
      service().queue.push(speakInput, script);
      const flow = await start();
      say(flow, ...createTextStream("a", "One.", "Two.", "Three."));
      const last = await waitForEnd(flow.getInbox("out"));
      assert.deepEqual(
        [readError(last).code, readError(last).partial, last.finishReason],
        [code, "One.", "error"],
      );
      assert.equal(joinSound(flow.getInbox("out").messages), `<One.>${audio}`);
      assertOneSequence(flow.getInbox("out"));
      await waitUntil(() => flow.getInbox("errors").size === 1);
      assert.equal((flow.getInbox("errors").messages[0]!["error"] as { code: string }).code, code);
      say(flow, { payload: "late", parts: { id: "a", index: 9 } });
      await pause();
      assert.deepEqual(spokenTexts(), ["One.", "Two."]);
      assert.equal(flow.getInbox("errors").size, 1);
    });
  }

  it("hides the API key if the service quotes it", async () => {
    service().script = (reply, { headers }) =>
      reply.sendJson(401, { error: `Bad key: ${headers.authorization}` });
    const flow = await start();
    say(flow, { payload: "Hi" });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.match(readError(last).message, /\*\*\*/);
    await waitUntil(() => flow.getInbox("errors").size === 1);
    assert.ok(!JSON.stringify([last, flow.getInbox("errors").messages]).includes(KEY));
  });

  it("fails with an error that names a wrong setting", async () => {
    for (const [more, providerSettings, code] of [
      [{ provider: "nowhere" }, {}, "configuration"],
      [{}, { provider: "anthropic", settings: {} }, "configuration"],
      [{ speed: "fast" }, {}, "configuration"],
      [{ options: "[1]" }, {}, "configuration"],
    ] as const) {
      const flow = await start(more, providerSettings);
      say(flow, { payload: "Hi" });
      await waitUntil(() => flow.getInbox("errors").size === 1);
      assert.equal((flow.getInbox("errors").messages[0]!["error"] as { code: string }).code, code);
    }
    const flow = await start();
    say(flow, { payload: { text: "Hi" } });
    await waitUntil(() => flow.getInbox("errors").size === 1);
    assert.equal((flow.getInbox("errors").messages[0]!["error"] as { code: string }).code, "invalid_request");
    assert.equal(service().requests.length, 0);
  });

  it("speaks the text of a failed stream as far as it goes, and keeps its error on the last message", async () => {
    const flow = await start();
    const [one, last] = createTextStream("a", "One.");
    say(flow, one!, { ...last!, finishReason: "error", error: { code: "timeout" } });
    const { finishReason, error } = await waitForEnd(flow.getInbox("out"));
    assert.deepEqual([finishReason, error], ["error", { code: "timeout" }]);
    assert.equal(joinSound(flow.getInbox("out").messages), "<One.>");
    assert.equal(flow.getInbox("errors").size, 0);
  });

  it("speaks the demo's answers sentence by sentence without a key", async () => {
    const flow = await load([
      TAB,
      { id: "provider", type: "chat-provider", provider: "demo", demoPace: 0 },
      createChatStreamNode({ model: "demo", wires: [["sentences"]] }),
      createFlowNode("delta-buffer", "sentences", ["speech"], { milliseconds: "", boundary: "sentence" }),
      createFlowNode("speech-stream", "speech", ["out"], { provider: "provider" }),
      createSinkNode("out"),
    ]);
    flow.inject("ask", { payload: "Explain streaming in a few sentences." });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal((last["stats"] as { texts: number }).texts, 4);
    assert.equal(last["contentType"], "audio/wav");
    const sound = Buffer.concat(flow.getInbox("out").messages.map(({ payload }) => payload as Buffer));
    assert.equal(sound.toString("latin1", 0, 4), "RIFF");
    assert.ok(sound.length > 100_000);
  });
});
