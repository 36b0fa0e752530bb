import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { Dispatcher } from "undici";
import { type ChatOptions, type ChatResult, chatStream, startChat } from "../../../src/index.js";
import { createAgent } from "../../../src/transport/agent.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { type SaasFault, SaasService, TEAM, VIRTUAL_KEY } from "../../support/services/saas-service.js";
import { useService } from "../../support/services/use-service.js";
import { waitTicks, waitUntil } from "../../support/waiting.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

/** A running stream inside a job, and what came of it. */
interface JobStream {
  text: string;
  ends: ChatResult[];
  cancel(): void;
  end: Promise<ChatResult>;
}

describe("Job around a stream", () => {
  const service = useService();
  let saas: SaasService;
  let agent: Dispatcher;

  beforeEach(() => {
    saas = new SaasService(service());
    agent = createAgent({ connectTimeout: 2_000, direct: true });
  });
  afterEach(() => agent.destroy());
  guardEachTest();

  /** Starts a stream in a job and asserts that nothing follows its end. */
  function startJobStream(options: Partial<ChatOptions> = {}): JobStream {
    let resolve: (result: ChatResult) => void;
    const stream: JobStream = {
      text: "",
      ends: [],
      cancel: () => running.cancel(),
      end: new Promise((settle) => {
        resolve = settle;
      }),
    };
    const addText = (text: string) => {
      assert.equal(stream.ends.length, 0, "nothing follows the end");
      stream.text += text;
    };
    const running = startChat(
      {
        provider: "saas-llm",
        baseUrl: saas.url,
        apiKey: VIRTUAL_KEY,
        settings: { team: TEAM },
        model: "fast",
        messages: [{ role: "user", content: "Hi" }],
        dispatcher: agent,
        ...options,
      },
      {
        onText: addText,
        onChunk: (_chunk, text) => addText(text),
        onEnd: (result) => {
          stream.ends.push(result);
          assert.ok(!inspect(result, { depth: 9 }).includes(VIRTUAL_KEY), "the result contains the key");
          resolve(result);
        },
      },
    );
    return stream;
  }

  /** Asserts that every job was completed once and the stream ended once. */
  async function assertOneCompletion(stream: JobStream): Promise<void> {
    await waitTicks(10);
    assert.equal(stream.ends.length, 1);
    for (const { id, completions } of saas.jobs.values()) assert.equal(completions.length, 1, id);
  }

  const getJobs = () => [...saas.jobs.values()];
  const getCode = ({ failure }: ChatResult) => failure?.code;

  describe("J01: job that cannot be created", () => {
    for (const [fault, code, retryable] of [
      ["reset", "connection", true],
      ["500", "server_error", true],
      ["403", "insufficient_credits", false],
      ["no_id", "bad_response", false],
    ] as const) {
      it(`J01: fails with ${code} on ${fault}, without a stream or a completion`, async () => {
        saas.faults.set("create", fault);
        const stream = startJobStream();
        const { failure, job } = await stream.end;
        assert.deepEqual(
          [failure?.code, failure?.retryable, failure?.provider],
          [code, retryable, "saas-llm"],
        );
        assert.equal(job, undefined);
        assert.equal(service().requests.length, 1);
        await assertOneCompletion(stream);
      });
    }

    it("J01: times out if the service does not answer", async () => {
      const clock = new FakeClock();
      saas.faults.set("create", "stall");
      const stream = startJobStream({ clock });
      await service().waitForRequests(1);
      await clock.advance(10_000);
      assert.equal(getCode(await stream.end), "timeout");
      assert.equal(clock.timerCount, 0);
      assert.equal(service().requests.length, 1);
      await assertOneCompletion(stream);
    });

    it("J01: creates no job for an invalid request", async () => {
      assert.equal(getCode(await startJobStream({ model: " " }).end), "invalid_request");
      assert.equal(service().requests.length, 0);
    });
  });

  for (const [fault, code] of [
    ["reset", "interrupted"],
    ["500", "server_error"],
    ["403", "insufficient_credits"],
  ] as const) {
    it(`J02: completes the job as failed and keeps the text after ${fault} in the middle of the stream`, async () => {
      saas.faults.set("stream 1", fault);
      const stream = startJobStream();
      const { failure, job } = await stream.end;
      assert.deepEqual([failure?.code, failure?.partial, stream.text], [code, "Hello", "Hello"]);
      assert.deepEqual(job, { id: "job 1", status: "failed", creditsRemaining: 10, creditApplied: false });
      const [complete] = getJobs()[0]!.completions;
      assert.equal(complete!.status, "failed");
      assert.equal(complete!.error_message, failure!.message);
      await assertOneCompletion(stream);
    });
  }

  it("J02: completes the job as failed if the call is refused", async () => {
    const stream = startJobStream({ settings: { team: TEAM, modelField: "model_group" } });
    const { failure } = await stream.end;
    assert.equal(failure?.code, "invalid_request");
    assert.match(failure!.message, /model.*field required/);
    assert.equal(getJobs()[0]!.completions[0]!.status, "failed");
    await assertOneCompletion(stream);
  });

  for (const fault of ["reset", "500", "403"] as const) {
    it(`J03: keeps the answer, warns and does not repeat the completion if it meets ${fault}`, async () => {
      saas.faults.set("complete", fault);
      const stream = startJobStream();
      const { outcome, job } = await stream.end;
      assert.deepEqual([outcome, stream.text, job!.status], ["complete", "Hello world", "unknown"]);
      assert.match(job!.warning!, /^The job job 1 may not have ended: /);
      await assertOneCompletion(stream);
    });
  }

  it("J03: waits 5 s for the response to a completion", async () => {
    const clock = new FakeClock();
    saas.faults.set("complete", "stall");
    const stream = startJobStream({ clock });
    await waitUntil(() => saas.completionCount === 1, "the completion has come");
    await clock.advance(4_999);
    assert.equal(stream.ends.length, 0);
    await clock.advance(1);
    const { outcome, job } = await stream.end;
    assert.deepEqual([outcome, job!.status], ["complete", "unknown"]);
    assert.match(job!.warning!, /within 5 s/);
    assert.equal(clock.timerCount, 0);
    await assertOneCompletion(stream);
  });

  it("J04: completes the job as failed if the stream is cancelled", async () => {
    saas.faults.set("stream 1", "stall");
    const stream = startJobStream();
    await waitUntil(() => stream.text === "Hello", "the first text");
    stream.cancel();
    stream.cancel();
    const { outcome, job } = await stream.end;
    assert.deepEqual([outcome, job!.status], ["cancelled", "failed"]);
    assert.match(getJobs()[0]!.completions[0]!.error_message!, /cancelled/);
    await assertOneCompletion(stream);
  });

  it("J05: completes a job as failed if the stream is cancelled while the job is created", async () => {
    let stream: JobStream | undefined;
    saas.onStep = (step) => {
      if (step === "create") stream!.cancel();
    };
    stream = startJobStream();
    const { outcome, job } = await stream.end;
    assert.deepEqual([outcome, job!.status, stream.text], ["cancelled", "failed", ""]);
    assert.equal(getJobs()[0]!.calls.length, 0);
    await assertOneCompletion(stream);
  });

  it("J05: waits at most 5 s for the job if the stream is cancelled and the service does not answer", async () => {
    const clock = new FakeClock();
    saas.faults.set("create", "stall");
    const stream = startJobStream({ clock });
    await service().waitForRequests(1);
    await clock.advance(2_000);
    stream.cancel();
    await clock.advance(5_000);
    const { outcome, failure } = await stream.end;
    assert.deepEqual([outcome, failure], ["cancelled", undefined]);
    assert.equal(clock.timerCount, 0);
    await assertOneCompletion(stream);
  });

  it("J05: completes a job once if the stream finishes and is cancelled at the same time", async () => {
    for (let ticks = 0; ticks < 6; ticks++) {
      const stream = startJobStream();
      await waitUntil(() => stream.text === "Hello world", "all text is sent");
      await waitTicks(ticks);
      stream.cancel();
      await stream.end;
      await assertOneCompletion(stream);
    }
    assert.equal(saas.completionCount, 6);
  });

  it("J05: stays complete if the stream is cancelled during the completion", async () => {
    let stream: JobStream | undefined;
    saas.onStep = (step) => {
      if (step === "complete") stream!.cancel();
    };
    stream = startJobStream();
    const { outcome, job } = await stream.end;
    assert.deepEqual([outcome, job!.status, job!.creditApplied], ["complete", "completed", true]);
    await assertOneCompletion(stream);
  });

  it("J07: warns about a job that was not charged, and keeps the answer", async () => {
    saas.credits = 1;
    const first = await startJobStream().end;
    assert.deepEqual(first.job, {
      id: "job 1",
      status: "completed",
      creditsRemaining: 0,
      creditApplied: true,
    });
    const stream = startJobStream();
    const { outcome, job } = await stream.end;
    assert.deepEqual([outcome, stream.text], ["complete", "Hello world"]);
    assert.deepEqual([job!.status, job!.creditApplied, job!.creditsRemaining], ["completed", false, 0]);
    assert.match(job!.warning!, /was not charged/);
    await assertOneCompletion(stream);
  });

  it("has the state of the job in the stream of the library", async () => {
    const stream = chatStream({
      provider: "saas-llm",
      baseUrl: saas.url,
      apiKey: VIRTUAL_KEY,
      settings: { team: TEAM },
      model: "fast",
      messages: [{ role: "user", content: "Hi" }],
      dispatcher: agent,
    });
    assert.equal(JSON.stringify(stream.job), "null");
    assert.equal((await stream.collect()).choices[0]!.message.content, "Hello world");
    assert.equal(stream.job?.status, "completed");
    assert.equal(saas.completionCount, 1);
  });

  const FAULTS: readonly (SaasFault | "nothing")[] = ["nothing", "reset", "stall", "500", "403"];
  const PIECES = ["Hello", " brave", " new", " world"];
  const STEPS = ["create", ...[0, 1, 2, 3, 4].map((sent) => `stream ${sent}`), "complete"];

  for (const ending of ["not cancelled", "cancelled there"] as const) {
    for (const fault of FAULTS) {
      it(`J05: completes each job once after ${fault} at any step, ${ending}`, async () => {
        for (const step of STEPS) {
          saas = new SaasService(service());
          saas.pieces = PIECES;
          if (fault !== "nothing") saas.faults.set(step, fault);
          const clock = new FakeClock();
          let isReached = false;
          saas.onStep = (reached) => {
            if (reached !== step) return;
            isReached = true;
            if (ending === "cancelled there") stream.cancel();
          };
          const stream = startJobStream({ clock });
          await waitUntil(() => isReached, `${step} is reached`);
          // A cancelled stream ends at once. Everything else that stalls ends at its deadline.
          const isEnded = ending === "cancelled there" && step.startsWith("stream");
          if (fault === "stall" && !isEnded) {
            await waitUntil(
              () => stream.text === PIECES.slice(0, countPiecesBefore(step)).join(""),
              "all text is sent",
            );
            await clock.advance(600_000);
          }
          const { outcome } = await stream.end;
          assert.equal(saas.jobs.size, step === "create" && fault !== "nothing" ? 0 : 1, step);
          await assertOneCompletion(stream);
          assert.ok(PIECES.join("").startsWith(stream.text), step);
          assert.equal(clock.timerCount, 0, step);
          const [job] = getJobs();
          if (job) assert.equal(job.completions[0]!.status, outcome === "complete" ? "completed" : "failed");
        }
      });
    }
  }

  /** Counts the pieces that the service sends before a step. */
  function countPiecesBefore(step: string): number {
    return step === "complete" ? PIECES.length : Number(step.split(" ")[1] ?? 0);
  }
});
