import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { Dispatcher } from "undici";
import { type ChatOptions, type ChatResult, chatStream, startChat } from "../../src/index.js";
import { createAgent } from "../../src/transport/agent.js";
import { guardEachTest } from "../support/runtime/guards.js";
import { type SaasFault, SaasService, TEAM, VIRTUAL_KEY } from "../support/services/saas-service.js";
import { useService } from "../support/services/use-service.js";
import { turns, until } from "../support/waiting.js";
import { FakeClock } from "../support/worlds/fake-clock.js";

/** A stream in a job, as it is heard. */
interface Heard {
  text: string;
  ends: ChatResult[];
  cancel(): void;
  end: Promise<ChatResult>;
}

describe("Jobs around streams", () => {
  const service = useService();
  let saas: SaasService;
  let agent: Dispatcher;

  beforeEach(() => {
    saas = new SaasService(service());
    agent = createAgent({ connectTimeout: 2_000, direct: true });
  });
  afterEach(() => agent.destroy());
  guardEachTest();

  function ask(options: Partial<ChatOptions> = {}): Heard {
    let resolve: (result: ChatResult) => void;
    const heard: Heard = {
      text: "",
      ends: [],
      cancel: () => running.cancel(),
      end: new Promise((settle) => {
        resolve = settle;
      }),
    };
    const hear = (text: string) => {
      assert.equal(heard.ends.length, 0, "nothing follows the end");
      heard.text += text;
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
        onText: hear,
        onChunk: (_chunk, text) => hear(text),
        onEnd: (result) => {
          heard.ends.push(result);
          assert.ok(!inspect(result, { depth: 9 }).includes(VIRTUAL_KEY), "the key was told");
          resolve(result);
        },
      },
    );
    return heard;
  }

  /** Every job was completed once, and the streams had one end each. */
  async function assertOnce(heard: Heard): Promise<void> {
    await turns(10);
    assert.equal(heard.ends.length, 1);
    for (const { id, completions: completes } of saas.jobs.values()) assert.equal(completes.length, 1, id);
  }

  const jobs = () => [...saas.jobs.values()];
  const codeOf = ({ failure }: ChatResult) => failure?.code;

  describe("J01: a job that cannot be created", () => {
    for (const [fault, code, retryable] of [
      ["reset", "connection", true],
      ["500", "server_error", true],
      ["403", "insufficient_credits", false],
      ["no_id", "bad_response", false],
    ] as const) {
      it(`J01: ${fault} is ${code}, with no stream and no completion`, async () => {
        saas.faults.set("create", fault);
        const heard = ask();
        const { failure, job } = await heard.end;
        assert.deepEqual(
          [failure?.code, failure?.retryable, failure?.provider],
          [code, retryable, "saas-llm"],
        );
        assert.equal(job, undefined);
        assert.equal(service().requests.length, 1);
        await assertOnce(heard);
      });
    }

    it("J01: no answer is a timeout", async () => {
      const clock = new FakeClock();
      saas.faults.set("create", "stall");
      const heard = ask({ clock });
      await service().waitForRequests(1);
      await clock.advance(10_000);
      assert.equal(codeOf(await heard.end), "timeout");
      assert.equal(clock.waiting, 0);
      assert.equal(service().requests.length, 1);
      await assertOnce(heard);
    });

    it("J01: a request that cannot be asked creates none", async () => {
      assert.equal(codeOf(await ask({ model: " " }).end), "invalid_request");
      assert.equal(service().requests.length, 0);
    });
  });

  for (const [fault, code] of [
    ["reset", "interrupted"],
    ["500", "server_error"],
    ["403", "insufficient_credits"],
  ] as const) {
    it(`J02: ${fault} in the middle ends the job as failed, once, and keeps the text`, async () => {
      saas.faults.set("stream 1", fault);
      const heard = ask();
      const { failure, job } = await heard.end;
      assert.deepEqual([failure?.code, failure?.partial, heard.text], [code, "Hello", "Hello"]);
      assert.deepEqual(job, { id: "job 1", status: "failed", creditsRemaining: 10, creditApplied: false });
      const [complete] = jobs()[0]!.completions;
      assert.equal(complete!.status, "failed");
      assert.equal(complete!.error_message, failure!.message);
      await assertOnce(heard);
    });
  }

  it("J02: a refusal of the call ends the job as failed", async () => {
    const heard = ask({ settings: { team: TEAM, modelField: "model_group" } });
    const { failure } = await heard.end;
    assert.equal(failure?.code, "invalid_request");
    assert.match(failure!.message, /model.*field required/);
    assert.equal(jobs()[0]!.completions[0]!.status, "failed");
    await assertOnce(heard);
  });

  for (const fault of ["reset", "500", "403"] as const) {
    it(`J03: a completion that meets ${fault} leaves the answer whole, with a warning, and is not repeated`, async () => {
      saas.faults.set("complete", fault);
      const heard = ask();
      const { outcome, job } = await heard.end;
      assert.deepEqual([outcome, heard.text, job!.status], ["complete", "Hello world", "unknown"]);
      assert.match(job!.warning!, /^The job job 1 may not have ended: /);
      await assertOnce(heard);
    });
  }

  it("J03: a completion that is never answered is waited for 5 s", async () => {
    const clock = new FakeClock();
    saas.faults.set("complete", "stall");
    const heard = ask({ clock });
    await until(() => saas.completionCount === 1, "the completion has come");
    await clock.advance(4_999);
    assert.equal(heard.ends.length, 0);
    await clock.advance(1);
    const { outcome, job } = await heard.end;
    assert.deepEqual([outcome, job!.status], ["complete", "unknown"]);
    assert.match(job!.warning!, /within 5 s/);
    assert.equal(clock.waiting, 0);
    await assertOnce(heard);
  });

  it("J04: cancelled while it streams, the job ends as failed", async () => {
    saas.faults.set("stream 1", "stall");
    const heard = ask();
    await until(() => heard.text === "Hello", "the first text");
    heard.cancel();
    heard.cancel();
    const { outcome, job } = await heard.end;
    assert.deepEqual([outcome, job!.status], ["cancelled", "failed"]);
    assert.match(jobs()[0]!.completions[0]!.error_message!, /cancelled/);
    await assertOnce(heard);
  });

  it("J05: cancelled while it is created, the job is ended as soon as it is known", async () => {
    let heard: Heard | undefined;
    saas.onStep = (step) => {
      if (step === "create") heard!.cancel();
    };
    heard = ask();
    const { outcome, job } = await heard.end;
    assert.deepEqual([outcome, job!.status, heard.text], ["cancelled", "failed", ""]);
    assert.equal(jobs()[0]!.calls.length, 0);
    await assertOnce(heard);
  });

  it("J05: cancelled while the service does not answer, nothing is waited for longer than 5 s", async () => {
    const clock = new FakeClock();
    saas.faults.set("create", "stall");
    const heard = ask({ clock });
    await service().waitForRequests(1);
    await clock.advance(2_000);
    heard.cancel();
    await clock.advance(5_000);
    const { outcome, failure } = await heard.end;
    assert.deepEqual([outcome, failure], ["cancelled", undefined]);
    assert.equal(clock.waiting, 0);
    await assertOnce(heard);
  });

  it("J05: finished and cancelled in the same turn, there is one completion", async () => {
    for (let turn = 0; turn < 6; turn++) {
      const heard = ask();
      await until(() => heard.text === "Hello world", "the text");
      await turns(turn);
      heard.cancel();
      await heard.end;
      await assertOnce(heard);
    }
    assert.equal(saas.completionCount, 6);
  });

  it("J05: cancelled while it is completed, it is complete", async () => {
    let heard: Heard | undefined;
    saas.onStep = (step) => {
      if (step === "complete") heard!.cancel();
    };
    heard = ask();
    const { outcome, job } = await heard.end;
    assert.deepEqual([outcome, job!.status, job!.creditApplied], ["complete", "completed", true]);
    await assertOnce(heard);
  });

  it("J07: a job that was not charged is told with a warning, and the answer is whole", async () => {
    saas.credits = 1;
    const first = await ask().end;
    assert.deepEqual(first.job, {
      id: "job 1",
      status: "completed",
      creditsRemaining: 0,
      creditApplied: true,
    });
    const heard = ask();
    const { outcome, job } = await heard.end;
    assert.deepEqual([outcome, heard.text], ["complete", "Hello world"]);
    assert.deepEqual([job!.status, job!.creditApplied, job!.creditsRemaining], ["completed", false, 0]);
    assert.match(job!.warning!, /was not charged/);
    await assertOnce(heard);
  });

  it("tells a library user too what became of the job", async () => {
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
  const STEPS = ["create", ...[0, 1, 2, 3, 4].map((said) => `stream ${said}`), "complete"];

  for (const ending of ["left alone", "cancelled there"] as const) {
    for (const fault of FAULTS) {
      it(`J05: ${fault} at the n-th step, for every n, ${ending}: one completion for each job`, async () => {
        for (const step of STEPS) {
          saas = new SaasService(service());
          saas.pieces = PIECES;
          if (fault !== "nothing") saas.faults.set(step, fault);
          const clock = new FakeClock();
          let there = false;
          saas.onStep = (reached) => {
            if (reached !== step) return;
            there = true;
            if (ending === "cancelled there") heard.cancel();
          };
          const heard = ask({ clock });
          await until(() => there, `${step} is reached`);
          // A stream that is cancelled waits for nothing; whatever else stalls has its limit.
          const cut = ending === "cancelled there" && step.startsWith("stream");
          if (fault === "stall" && !cut) {
            await until(() => heard.text === PIECES.slice(0, saidBy(step)).join(""), "all is told");
            await clock.advance(600_000);
          }
          const { outcome } = await heard.end;
          assert.equal(saas.jobs.size, step === "create" && fault !== "nothing" ? 0 : 1, step);
          await assertOnce(heard);
          assert.ok(PIECES.join("").startsWith(heard.text), step);
          assert.equal(clock.waiting, 0, step);
          const [job] = jobs();
          if (job) assert.equal(job.completions[0]!.status, outcome === "complete" ? "completed" : "failed");
        }
      });
    }
  }

  function saidBy(step: string): number {
    return step === "complete" ? PIECES.length : Number(step.split(" ")[1] ?? 0);
  }
});
