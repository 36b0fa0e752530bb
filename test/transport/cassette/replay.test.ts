import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dispatcher } from "undici";
import { startChat } from "../../../src/chat-options.js";
import type { ChatResult } from "../../../src/client/chat-types.js";
import { createAgent } from "../../../src/transport/agent.js";
import { CassetteFile } from "../../../src/transport/cassette/cassette-file.js";
import { CassettePlayer } from "../../../src/transport/cassette/player.js";
import { Recorder } from "../../../src/transport/cassette/recorder.js";
import { systemClock } from "../../../src/transport/system-clock.js";
import type { Reply } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitTicks, waitUntil } from "../../support/waiting.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

/** What an observer sees of a stream: its pieces, and how it ended. */
interface Seen {
  pieces: string[];
  result: ChatResult;
}

const TIMEOUTS = { idle: 300, firstChunk: 300, headers: 300 };

describe("Cassette", () => {
  const service = useService();
  const agent = createAgent({ connectTimeout: 2_000 });
  let directory: string;
  const warnings: string[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "cassette-"));
    warnings.length = 0;
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  after(() => agent.destroy());

  const openFile = () => new CassetteFile(directory, "tapes/answers.json");
  const readFileText = () => readFileSync(join(directory, "tapes/answers.json"), "utf8");
  const createRecorder = (more: object = {}) =>
    new Recorder({
      file: openFile(),
      clock: systemClock,
      provider: "custom",
      secrets: [],
      warn: (problem) => warnings.push(problem),
      ...more,
    });

  function stream(dispatcher: Dispatcher, question: string, more: object = {}) {
    const pieces: string[] = [];
    let cancel = () => {};
    const seen = new Promise<Seen>((resolve) => {
      const run = startChat(
        {
          provider: "custom",
          baseUrl: service().url,
          model: "model-1",
          messages: question,
          timeouts: TIMEOUTS,
          dispatcher,
          ...more,
        },
        {
          onText: (text) => pieces.push(text),
          onChunk: (_chunk, text) => pieces.push(text),
          onEnd: (result) => resolve({ pieces, result }),
        },
      );
      cancel = () => run.cancel();
    });
    return { pieces, seen, cancel: () => cancel() };
  }

  async function record(question: string, recorder = createRecorder(), more: object = {}): Promise<Seen> {
    const take = recorder.createTake(agent);
    const seen = await stream(take, question, more).seen;
    take.finish(seen.result);
    await recorder.settle();
    return seen;
  }

  const createPlayer = (more: object = {}) =>
    new CassettePlayer({ file: openFile(), clock: systemClock, atOnce: true, ...more });
  const replay = (question: string, player = createPlayer(), more: object = {}) =>
    stream(player, question, more).seen;

  /** What must be the same in a replay. */
  const strip = ({ pieces, result }: Seen) => ({
    pieces,
    outcome: result.outcome,
    finishReason: result.finishReason,
    failure: result.failure?.toJSON(),
    closing: result.closing,
    cost: result.cost,
  });

  const ANSWERS: Record<string, (reply: Reply) => unknown> = {
    "a whole answer": (reply) => reply.send("Hello", " wörld").finish("stop", { prompt_tokens: 3 }),
    "an answer in one piece": (reply) =>
      reply.sendJson(200, {
        id: "x",
        choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
      }),
    "a refusal": (reply) =>
      reply.sendJson(429, { error: { message: "Slow down" } }, { "retry-after": "7", "x-request-id": "r1" }),
    "a page": (reply) => reply.sendText(200, "text/html", "<p>Hi</p>"),
    "a record that is not JSON": (reply) => reply.send("Hel").response.end("data: {oops\n\n"),
    "an answer without an end": (reply) => reply.send("Hel").response.end(),
    "a broken connection": async (reply) => {
      reply.send("Hel");
      await pause(20);
      reply.drop();
    },
    "a connection that breaks before the answer": (reply) => reply.drop(),
    "silence in the middle": (reply) => reply.send("Hel"),
    "silence before the answer": () => {},
  };

  for (const [name, script] of Object.entries(ANSWERS)) {
    it(`replays ${name} as it was, and asks no service`, async () => {
      service().script = script as (reply: Reply) => void;
      const live = await record("Hi");
      assert.equal(service().requests.length, 1);
      assert.deepEqual(strip(await replay("Hi")), strip(live));
      assert.deepEqual(warnings, []);
      assert.equal(service().requests.length, 1);
    });
  }

  it("keeps bytes as they came if a read ends within a character", async () => {
    const bytes = Buffer.from(
      'data: {"choices":[{"index":0,"delta":{"content":"日本🙂"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    );
    const cut = bytes.indexOf("🙂") + 2;
    service().script = async (reply) => {
      reply.open().response.write(bytes.subarray(0, cut));
      await pause(20);
      reply.response.end(bytes.subarray(cut));
    };
    await record("Hi");
    const [recording] = await openFile().read();
    assert.equal(recording!.reads.length, 2);
    assert.equal(typeof recording!.reads[0]![1], "object");
    assert.deepEqual((await replay("Hi")).pieces, ["日本🙂"]);
  });

  it("replays the pieces at their pace", async () => {
    service().script = async (reply) => {
      reply.send("one");
      await pause(60);
      reply.send("two");
      await pause(60);
      reply.finish();
    };
    await record("Hi");
    const [recording] = await openFile().read();
    const [first, second] = recording!.reads.map(([ms]) => ms);
    assert.ok(second! - first! >= 55, `${second! - first!} ms are between the first two reads`);
    const clock = new FakeClock();
    const { pieces, seen } = stream(createPlayer({ clock, atOnce: false }), "Hi", { clock });
    await waitUntil(() => clock.timerCount > 1, "the recording plays");
    await clock.advance(second! - 1);
    assert.deepEqual(pieces, ["one"]);
    await clock.advance(1);
    assert.deepEqual(pieces, ["one", "two"]);
    await clock.advance(recording!.end.ms);
    assert.equal((await seen).result.outcome, "complete");
    assert.equal(clock.timerCount, 0);
  });

  it("plays nothing more once the stream is stopped", async () => {
    service().script = async (reply) => {
      await reply.sendApart("a", "b", "c", "d");
      reply.finish();
    };
    await record("Hi");
    const clock = new FakeClock();
    const player = createPlayer({ clock, atOnce: false });
    const { pieces, seen, cancel } = stream(player, "Hi", { clock });
    await waitUntil(() => clock.timerCount > 1, "the recording plays");
    const [recording] = await openFile().read();
    await clock.advance(recording!.reads[0]![0]);
    cancel();
    const count = pieces.length;
    await clock.advance(60_000);
    assert.equal((await seen).result.outcome, "cancelled");
    assert.equal(pieces.length, count);
    assert.equal(clock.timerCount, 0);
  });

  it("says where a stream was stopped while it was recorded", async () => {
    service().script = (reply) => void reply.send("Hel");
    const recorder = createRecorder();
    const take = recorder.createTake(agent);
    const live = stream(take, "Hi");
    await waitUntil(() => live.pieces.length > 0, "the first piece came");
    live.cancel();
    take.finish((await live.seen).result);
    await recorder.settle();
    const { pieces, result } = await replay("Hi");
    assert.deepEqual(pieces, ["Hel"]);
    assert.deepEqual([result.failure!.code, result.failure!.retryable], ["interrupted", false]);
    assert.match(result.failure!.message, /stopped while it was recorded/);
  });

  it("plays the recordings of equal requests in their order, and the last one again and again", async () => {
    service().queue.push(
      (reply) => reply.sendJson(503, { error: { message: "Busy" } }),
      (reply) => reply.say("first"),
      (reply) => reply.say("second"),
    );
    const recorder = createRecorder();
    for (let times = 0; times < 3; times++) await record("Hi", recorder);
    const player = createPlayer();
    const outcomes: string[] = [];
    for (let times = 0; times < 4; times++) {
      const { pieces, result } = await replay("Hi", player);
      outcomes.push(result.failure?.code ?? pieces.join(""));
    }
    assert.deepEqual(outcomes, ["overloaded", "first", "second", "second"]);
  });

  it("replaces what an earlier recorder has recorded of the same request, and keeps the rest", async () => {
    service().queue.push(
      (reply) => reply.say("old"),
      (reply) => reply.say("other"),
      (reply) => reply.say("new"),
    );
    const recorder = createRecorder();
    await record("Hi", recorder);
    await record("Something else", recorder);
    await record("Hi");
    const player = createPlayer();
    assert.deepEqual((await replay("Hi", player)).pieces, ["new"]);
    assert.deepEqual((await replay("Something else", player)).pieces, ["other"]);
    assert.equal((await openFile().read()).length, 2);
  });

  it("is read again if the file changes", async () => {
    service().queue.push(
      (reply) => reply.say("old"),
      (reply) => reply.say("newer"),
    );
    await record("Hi");
    const player = createPlayer();
    assert.deepEqual((await replay("Hi", player)).pieces, ["old"]);
    await record("Hi");
    assert.deepEqual((await replay("Hi", player)).pieces, ["newer"]);
  });

  it("finds a request whatever the order of its fields and whoever asks", async () => {
    await record("Hi", createRecorder(), { parameters: { temperature: 0.5, top_p: 1, user: "one" } });
    const { result } = await replay("Hi", createPlayer(), {
      parameters: { user: "two", top_p: 1, temperature: 0.5, metadata: { a: "b" } },
    });
    assert.equal(result.outcome, "complete");
  });

  it("misses a request that was not recorded, and says what differs", async () => {
    await record("Tell me a long story about the sea and its many ships");
    await record("Hi", createRecorder(), { parameters: { temperature: 0.5 } });
    const { result } = await replay("Tell me a long story about the sea and its many fish");
    const { code, message, retryable } = result.failure!;
    assert.deepEqual([code, retryable], ["not_found", false]);
    assert.match(message, /Recording 1 is the nearest/);
    assert.match(message, /many ships” at messages\[0\]\.content, and this request “.*many fish”/);
    const other = (await replay("Hi", createPlayer(), { parameters: { temperature: 0.7 } })).result.failure!;
    assert.match(
      other.message,
      /Recording 2 is the nearest. It has 0\.5 at temperature, and this request 0\.7\./,
    );
    const more = (await replay("Hi")).result.failure!;
    assert.match(more.message, /It has 0\.5 at temperature, and this request nothing\./);
    const address = { baseUrl: `${service().url}/beta`, parameters: { temperature: 0.5 } };
    const elsewhere = (await replay("Hi", createPlayer(), address)).result.failure!;
    assert.match(elsewhere.message, /has “\/v1\/chat\/completions” at path/);
  });

  it("fails as configuration if there is no such file, or it is broken, and names the place", async () => {
    const code = async () => {
      const { failure } = (await replay("Hi")).result;
      assert.equal(failure!.code, "configuration");
      return failure!.message;
    };
    assert.match(await code(), /does not exist. Record it first/);
    await record("Hi");
    const good = readFileText();
    const write = (text: string) => writeFileSync(join(directory, "tapes/answers.json"), text);
    write(good.slice(0, -20));
    assert.match(await code(), /“tapes\/answers\.json” cannot be used as a cassette: it is not JSON/);
    write("[]");
    assert.match(await code(), /has no list of recordings/);
    write(good.replace('"version": 1', '"version": 2'));
    assert.match(await code(), /another version/);
    write(good.replace(/"ms": \d+/, '"ms": "soon"'));
    assert.match(await code(), /recordings\[0\]\.response needs ms/);
    write(good.replace(/\[\d+,"data/, '["data'));
    assert.match(await code(), /recordings\[0\]\.reads\[0\] is not/);
    write(good);
    assert.equal((await replay("Hi")).result.outcome, "complete");
  });

  it("keeps the latest streams that failed, if it is set to failures", async () => {
    const recorder = createRecorder({ failuresOnly: true });
    await record("Hi", recorder);
    assert.throws(readFileText, /ENOENT/);
    service().script = (reply) => void reply.send("half").response.end();
    for (let at = 0; at < 22; at++) await record(`Question ${at}`, recorder);
    const recordings = await openFile().read();
    assert.equal(recordings.length, 20);
    assert.match(JSON.stringify(recordings[0]!.request.body), /Question 2"/);
    assert.equal((await replay("Question 21")).result.failure!.code, "interrupted");
  });

  it("lets streams go on if it cannot be written, and says so once", async () => {
    writeFileSync(join(directory, "tapes"), "a file in the place of the folder");
    const recorder = createRecorder();
    assert.deepEqual((await record("Hi", recorder)).pieces, ["Hello", " world"]);
    assert.deepEqual((await record("Hi again", recorder)).pieces, ["Hello", " world"]);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /A stream was not recorded\. The cassette “tapes\/answers\.json” cannot be written/,
    );
    assert.equal(readFileSync(join(directory, "tapes"), "utf8"), "a file in the place of the folder");
  });

  it("does not replace a file that is no cassette", async () => {
    writeFileSync(join(directory, "flows.json"), "[]");
    const recorder = createRecorder({ file: new CassetteFile(directory, "flows.json") });
    await record("Hi", recorder);
    assert.match(warnings[0]!, /cannot be used as a cassette/);
    assert.equal(readFileSync(join(directory, "flows.json"), "utf8"), "[]");
  });

  it("takes recordings of several providers at the same time", async () => {
    await Promise.all([1, 2, 3, 4, 5].map((at) => record(`Question ${at}`, createRecorder())));
    assert.equal((await openFile().read()).length, 5);
    assert.deepEqual(warnings, []);
  });

  it("ends its streams if it is closed", async () => {
    service().script = (reply) => void reply.send("Hel");
    await record("Hi");
    const clock = new FakeClock();
    const player = createPlayer({ clock, atOnce: false });
    const { seen } = stream(player, "Hi", { clock });
    await waitUntil(() => clock.timerCount > 1, "the recording plays");
    await player.destroy();
    await waitTicks();
    assert.equal((await seen).result.outcome, "failed");
    assert.equal(clock.timerCount, 0);
  });
});
