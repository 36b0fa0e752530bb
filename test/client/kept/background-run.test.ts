import assert from "node:assert/strict";
import type { Dispatcher } from "undici";
import { buildSetup, type ChatOptions } from "../../../src/chat-options.js";
import type { ChatResult, ResumePoint, StartedRun } from "../../../src/client/chat-types.js";
import { startRun } from "../../../src/client/start-run.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { createAgent } from "../../../src/transport/agent.js";
import { KeepingService } from "../../support/services/keeping-service.js";
import {
  buildCallEvents,
  buildMessageEvents,
  buildReasoningEvents,
  buildStream,
  formatEvents,
  type WireEvent,
} from "../../support/services/responses-records.js";
import { useService } from "../../support/services/use-service.js";

const ANSWER = [
  ...buildReasoningEvents(["I need ", "the weather."], 0, { encrypted_content: "enc" }),
  ...buildMessageEvents(["I ", "look 👋🏽. "], 1),
  ...buildCallEvents("call_1", "get_weather", ['{"city"', ':"Köln"}'], 2),
  ...buildCallEvents("call_2", "get_weather", ['{"city":', '"Bonn"}'], 3),
];

describe("Stream of an answer that the service keeps", () => {
  const service = useService();
  let agent: Dispatcher;
  let openai: KeepingService;
  before(() => {
    agent = createAgent({ connectTimeout: 5_000 });
  });
  after(() => agent.destroy());
  beforeEach(() => {
    openai = new KeepingService(service());
    openai.answers = [ANSWER];
  });

  /** What a reader gets over several runs. */
  class Reader {
    readonly machine = new CompletionMachine();
    text = "";
    replayed = "";

    constructor(private readonly options: Partial<ChatOptions> = {}) {}

    read(resume?: ResumePoint, onStarted?: (run: StartedRun) => void): Promise<ChatResult> {
      const setup = buildSetup(
        {
          provider: "openai",
          api: "responses",
          baseUrl: openai.url,
          apiKey: "k",
          model: "m",
          messages: [{ role: "user", content: "hi" }],
          parameters: { background: true },
          dispatcher: agent,
          resume,
          ...this.options,
        },
        false,
      );
      this.replayed = "";
      return new Promise((resolve) => {
        const run = startRun(setup, {
          onText: (text) => {
            this.text += text;
            this.machine.addText(text);
            onStarted?.(run);
          },
          onChunk: (chunk, text) => {
            this.text += text;
            this.machine.addChunk(chunk);
          },
          onReplay: (text) => {
            this.replayed += text;
          },
          onEnd: (result) => {
            this.machine.addChunk(result.closing);
            resolve(result);
          },
        });
      });
    }

    get message(): unknown {
      return this.machine.buildCompletion("x").choices[0]!.message;
    }
  }

  async function readWhole(): Promise<Reader> {
    const reader = new Reader();
    assert.equal((await reader.read()).outcome, "complete");
    return reader;
  }

  it("tells how far it is without what it reads again", async () => {
    let isTested = false;
    for (let cut = 1; cut < buildStream(ANSWER).length; cut++) {
      openai.cuts = [cut];
      const reader = new Reader();
      const broken = await reader.read();
      let run: StartedRun | undefined;
      const { stats } = await reader.read(broken.resume, (started) => {
        run = started;
      });
      if (run) assert.equal(run.readProgress().chunks, stats.chunks, `cut ${cut}`);
      isTested ||= run !== undefined && reader.replayed !== "";
    }
    assert.ok(isTested);
  });

  it("goes on after a cut at every record, and within one, with nothing lost and nothing twice", async () => {
    const whole = await readWhole();
    const count = buildStream(ANSWER).length;
    for (let cut = 1; cut < count; cut++) {
      openai.cuts = [cut];
      openai.bytesOfCutRecord = cut % 3 === 0 ? 0 : 20 * (cut % 3);
      const reader = new Reader();
      const broken = await reader.read();
      assert.equal(broken.failure?.code, "interrupted", `cut ${cut}`);
      assert.equal(broken.resume?.after, cut - 1);
      const before = reader.text;
      const result = await reader.read(broken.resume);
      assert.equal(result.outcome, "complete", `cut ${cut}: ${result.failure?.message}`);
      assert.equal(reader.text, "I look 👋🏽. ", `cut ${cut}`);
      assert.equal(reader.replayed, before);
      assert.equal(result.stats.characters, reader.text.length - before.length);
      assert.deepEqual(reader.message, whole.message, `cut ${cut}`);
      assert.deepEqual(result.completion.choices[0]!.message, whole.message);
    }
    assert.equal(openai.generations, count, "each question was generated once");
    assert.deepEqual(openai.stopped, []);
    const places = Array.from({ length: count - 1 }, (_, at) => at);
    assert.deepEqual(openai.cursors, places, "the service went on behind the latest record each time");
  });

  it("goes on after a cut at many bytes, with nothing lost and nothing twice", async () => {
    const whole = await readWhole();
    const frames = buildStream(ANSWER).map((event) => formatEvents([event]));
    for (const [cut, frame] of frames.slice(0, -1).entries()) {
      for (let bytes = 7 + (cut % 11); bytes < frame.length; bytes += 97) {
        openai.cuts = [cut];
        openai.bytesOfCutRecord = bytes;
        const reader = new Reader();
        const broken = await reader.read();
        const place = `${bytes} bytes of record ${cut}`;
        assert.equal(broken.failure?.code, "interrupted", place);
        // Before the id of the answer is known, there is nothing to go on with.
        if (broken.resume) assert.equal((await reader.read(broken.resume)).outcome, "complete", place);
        else assert.equal(cut, 0);
        if (broken.resume) assert.deepEqual(reader.message, whole.message, place);
      }
    }
    assert.ok(openai.cursors.length > 50);
    assert.ok(!openai.cursors.includes(null));
  });

  it("goes on after several cuts, also before the first new record", async () => {
    const whole = await readWhole();
    openai.cuts = [9, 4, 0, 1];
    const reader = new Reader();
    let { resume } = await reader.read();
    for (const after of [12, 12, 13]) {
      const { failure, resume: next } = await reader.read(resume);
      assert.equal(failure?.code, "interrupted");
      assert.equal(next?.after, after);
      resume = next;
    }
    assert.equal((await reader.read(resume)).outcome, "complete");
    assert.deepEqual(reader.message, whole.message);
    assert.deepEqual(openai.cursors, [8, 12, 12, 13]);
  });

  for (const habit of ["refused", "ignored", "repeated", "late"] as const) {
    it(`reads the answer from its beginning if its service does not go on at the place (${habit})`, async () => {
      const whole = await readWhole();
      openai.habit = habit;
      for (let cut = 1; cut < buildStream(ANSWER).length - 1; cut++) {
        openai.cuts = [cut];
        const reader = new Reader();
        const { resume } = await reader.read();
        const { outcome, stats } = await reader.read(resume);
        assert.equal(outcome, "complete", `cut ${cut}`);
        assert.deepEqual(reader.message, whole.message, `cut ${cut}`);
        assert.ok(stats.characters <= reader.text.length);
        assert.deepEqual(openai.cursors.splice(0), [cut - 1, null]);
      }
    });
  }

  it("reads the answer from its beginning after its service has failed at the place", async () => {
    const whole = await readWhole();
    openai.habit = "broken";
    openai.cuts = [9];
    const reader = new Reader();
    const { resume } = await reader.read();
    const failed = await reader.read(resume);
    assert.equal(failed.failure?.code, "server_error");
    assert.equal((await reader.read(failed.resume)).outcome, "complete");
    assert.deepEqual(reader.message, whole.message);
    assert.deepEqual(openai.cursors, [8, null]);
  });

  it("goes on from its beginning without what was read, also after a cut within the part that the reader has", async () => {
    const whole = await readWhole();
    openai.cuts = [9, 4, 7];
    const reader = new Reader();
    const { resume } = await reader.read();
    const again = await reader.read({ id: resume!.id, after: resume!.after });
    assert.equal(again.resume?.after, 8);
    const further = await reader.read(again.resume);
    assert.equal(further.resume?.after, 10);
    assert.equal((await reader.read(further.resume)).outcome, "complete");
    assert.deepEqual(reader.message, whole.message);
    assert.deepEqual(openai.cursors, [null, 3, 10]);
  });

  it("takes what the reader lacks from an answer that comes as a whole", async () => {
    const whole = await readWhole();
    openai.habit = "whole";
    for (let cut = 1; cut < buildStream(ANSWER).length; cut++) {
      openai.cuts = [cut];
      const reader = new Reader();
      const { resume } = await reader.read();
      assert.equal((await reader.read(resume)).outcome, "complete", `cut ${cut}`);
      assert.deepEqual(reader.message, whole.message, `cut ${cut}`);
    }
  });

  it("fails if the answer comes as a whole and nobody knows how much of it the reader has", async () => {
    openai.habit = "always-whole";
    openai.cuts = [9];
    const reader = new Reader();
    const { resume } = await reader.read();
    const before = reader.text;
    const { failure, resume: next } = await reader.read({ id: resume!.id, after: resume!.after });
    assert.deepEqual([failure?.code, failure?.retryable, failure?.partial], ["bad_response", false, ""]);
    assert.match(failure!.message, /whole answer again/);
    assert.equal(reader.text, before);
    assert.equal(next, undefined);
  });

  it("reads a record again that arrived broken", async () => {
    const whole = await readWhole();
    openai.brokenRecord = 9;
    const reader = new Reader();
    const { failure, resume } = await reader.read();
    assert.deepEqual([failure?.code, resume?.after], ["bad_response", 8]);
    assert.equal((await reader.read(resume)).outcome, "complete");
    assert.deepEqual(reader.message, whole.message);
  });

  it("separates reasoning between tags that a cut falls into", async () => {
    openai.answers = [buildMessageEvents(["<", "thi", "nk>", "Hm.", "</", "think>", "Yes", "."])];
    for (let cut = 1; cut < buildStream(openai.answers[0] as WireEvent[]).length; cut++) {
      openai.cuts = [cut];
      const reader = new Reader({ settings: { splitThinking: true } });
      assert.equal((await reader.read((await reader.read()).resume)).outcome, "complete");
      const { content, reasoning_content: reasoning } = reader.message as Record<string, unknown>;
      assert.deepEqual([content, reasoning], ["Yes.", "Hm."], `cut ${cut}`);
    }
  });

  it("keeps little of a long answer, and nothing of one that is too long", async () => {
    const words = Array.from({ length: 3000 }, (_, at) => `word${at} `);
    openai.closesConnections = true;
    const events = buildMessageEvents(words);
    const logprobs = [{ token: "word", logprob: -0.5, bytes: Array(60).fill(100), top_logprobs: [] }];
    const withLogprobs = events.map((event) => ("delta" in event ? { ...event, logprobs } : event));
    for (const [answer, isKept] of [
      [events, true],
      [withLogprobs, false],
    ] as const) {
      openai.answers = [answer];
      openai.cuts = [words.length];
      const reader = new Reader();
      const { resume } = await reader.read();
      assert.equal(resume?.after, words.length - 1);
      assert.equal(resume?.read !== undefined, isKept);
      if (isKept) assert.ok(JSON.stringify(resume).length < 1.5 * reader.text.length);
      assert.equal((await reader.read(resume)).outcome, "complete");
      assert.equal(reader.text, words.join(""));
    }
    assert.deepEqual(openai.cursors, [words.length - 1, null]);
  });

  it("says no place after an end that the service reports, and stops what nobody reads any more", async () => {
    openai.isForgetful = true;
    openai.cuts = [8];
    const reader = new Reader();
    const { resume } = await reader.read();
    const refused = await reader.read(resume);
    assert.equal(refused.failure?.code, "invalid_request");
    assert.equal(refused.resume, undefined);
    while (openai.stopped.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(openai.stopped, [resume!.id]);
  });

  it("stops the answer at the service if the stream is cancelled", async () => {
    const result = await new Reader().read(undefined, (run) => run.cancel());
    assert.equal(result.outcome, "cancelled");
    while (openai.stopped.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it("says no place if the service does not number its records", async () => {
    openai.answers = [
      async (reply) => {
        const events = buildStream(ANSWER).map((event) => ({ ...event, sequence_number: 0 }));
        reply.open().send(...events.slice(0, 9));
        await new Promise((resolve) => setTimeout(resolve, 15));
        reply.drop();
      },
    ];
    const { failure, resume } = await new Reader().read();
    assert.deepEqual([failure?.code, resume], ["interrupted", undefined]);
  });
});
