import assert from "node:assert/strict";
import { Answers, MAX_DESERTED_MS } from "../../../src/node-red/chat-endpoint/answers.js";
import { Departures } from "../../../src/node-red/chat-endpoint/departures.js";
import { AnswerStore, MAX_KEPT_ANSWERS } from "../../../src/node-red/chat-endpoint/kept/answer-store.js";
import { createEventsWriter, EVENTS } from "../../../src/serving/events.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

const KEEP_MS = 300_000;

describe("Answers that are kept", () => {
  let clock: FakeClock;
  let answers: Answers;
  let store: AnswerStore;
  const stopped: string[] = [];
  const SOURCE = { stop: () => void stopped.push("stopped") };

  beforeEach(() => {
    clock = new FakeClock();
    answers = new Answers(clock, new Departures());
    store = new AnswerStore(clock, KEEP_MS);
    stopped.length = 0;
  });
  afterEach(() => {
    answers.interruptAll(() => true);
    store.close();
    assert.equal(clock.timerCount, 0, "timers are left over");
  });

  const begin = (id: string, more: { owner?: string; conversation?: string } = {}) => {
    const { owner = "ada", conversation = "" } = more;
    const name = { id, created: 0, model: "house" };
    const answer = answers.begin({
      name,
      owner,
      flow: "in",
      timeoutMs: 4 * MAX_DESERTED_MS,
      goesOn: true,
      onEnd: () => store.settle(id),
    })!;
    store.add({
      answer,
      form: EVENTS,
      conversation,
      createWriter: (start) => createEventsWriter(name, start),
    });
    return answer;
  };
  const say = (id: string, text: string, index: number) =>
    answers.find(id)!.receive({ payload: text, parts: { id: `s-${id}`, index } }, SOURCE);
  const finish = (id: string, index = 0) =>
    answers.find(id)!.receive(
      {
        payload: "",
        parts: { id: `s-${id}`, index, count: index + 1 },
        complete: true,
        finishReason: "stop",
      },
      SOURCE,
    );

  it("are found by their owner only, while they run and for as long as they are kept", async () => {
    begin("a", { conversation: "chat" });
    begin("b", { owner: "", conversation: "chat" });
    assert.ok(store.find("a", "ada"));
    assert.equal(store.find("a", "bob"), undefined);
    assert.equal(store.find("a", ""), undefined);
    assert.ok(store.findByConversation("chat", "ada"));
    assert.equal(store.findByConversation("chat", "bob"), undefined);
    // Somebody without a key has no name of their own for a conversation.
    assert.equal(store.findByConversation("chat", ""), undefined);
    finish("a");
    await clock.advance(KEEP_MS - 1);
    assert.ok(store.find("a", "ada"));
    await clock.advance(1);
    assert.equal(store.find("a", "ada"), undefined);
    assert.equal(store.findByConversation("chat", "ada"), undefined);
  });

  it("are the newest of their conversation, also when an older one is forgotten", async () => {
    begin("a", { conversation: "chat" });
    finish("a");
    begin("b", { conversation: "chat" });
    assert.equal(store.findByConversation("chat", "ada")!.answer.name.id, "b");
    await clock.advance(KEEP_MS);
    assert.equal(store.findByConversation("chat", "ada")!.answer.name.id, "b");
  });

  it("are bounded in number and in size: the oldest that have ended go first, and none that runs", () => {
    begin("runs");
    for (let at = 0; at <= MAX_KEPT_ANSWERS; at++) {
      begin(`a${at}`);
      finish(`a${at}`);
    }
    assert.equal(store.find("a0", "ada"), undefined);
    assert.ok(store.find("a1", "ada"));
    assert.ok(store.find("runs", "ada"));
    // 80 answers of 1 MiB are more than 64 MiB.
    for (let at = 0; at < 80; at++) {
      begin(`big${at}`);
      for (let index = 0; index < 10; index++) say(`big${at}`, "x".repeat(100_000), index);
      finish(`big${at}`, 10);
    }
    assert.equal(store.find("a1000", "ada"), undefined);
    assert.equal(store.find("big0", "ada"), undefined);
    assert.ok(store.find("big79", "ada"));
    assert.ok(store.find("runs", "ada"));
  });

  it("go on without a reader for an hour at most", async () => {
    const answer = begin("a");
    const readCode = () => answer.end?.failure?.code;
    say("a", "Hello", 0);
    const reader = { wake: () => {}, restart: () => {} };
    answer.addReader(reader);
    answer.removeReader(reader);
    await clock.advance(MAX_DESERTED_MS - 5_000);
    assert.equal(readCode(), undefined);
    answer.addReader(reader);
    await clock.advance(10_000);
    answer.removeReader(reader);
    assert.deepEqual(stopped, []);
    await clock.advance(MAX_DESERTED_MS + 2_000);
    assert.equal(readCode(), "cancelled");
    assert.deepEqual(stopped, ["stopped"]);
  });

  it("leave nothing behind when 10,000 clients come and go", () => {
    store.close();
    store = new AnswerStore(clock, 0);
    for (let at = 0; at < 10_000; at++) {
      const answer = begin(`a${at}`, { conversation: `c${at}` });
      const reader = { wake: () => {}, restart: () => {} };
      answer.addReader(reader);
      say(`a${at}`, "Hello", 0);
      answer.removeReader(reader);
      answers.cancel(answer);
    }
    assert.equal(answers.count("in"), 0);
    assert.equal(store.size, 0);
  });
});
