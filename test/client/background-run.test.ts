import assert from "node:assert/strict";
import type { Dispatcher } from "undici";
import { buildSetup } from "../../src/chat-options.js";
import type { ChatResult, ResumePoint, StartedRun } from "../../src/client/chat-types.js";
import { startRun } from "../../src/client/job-run.js";
import { CompletionMachine } from "../../src/core/chat/completion.js";
import { createAgent } from "../../src/transport/agent.js";
import { KeepingService } from "../support/services/keeping-service.js";
import {
  buildCallEvents,
  buildMessageEvents,
  buildReasoningEvents,
  buildStream,
} from "../support/services/responses-records.js";
import { useService } from "../support/services/use-service.js";

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
    }
    assert.equal(openai.generations, count, "each question was generated once");
    assert.deepEqual(openai.stopped, []);
  });

  it("goes on after several cuts, also within the part that the reader has", async () => {
    const whole = await readWhole();
    openai.cuts = [9, 4, 14];
    const reader = new Reader();
    let { resume } = await reader.read();
    for (const after of [8, 13]) {
      const { failure, resume: next } = await reader.read(resume);
      assert.equal(failure?.code, "interrupted");
      assert.equal(next?.after, after);
      resume = next;
    }
    assert.equal((await reader.read(resume)).outcome, "complete");
    assert.deepEqual(reader.message, whole.message);
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
