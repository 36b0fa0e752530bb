import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { createCallChunks } from "../support/flows/router.js";
import type { Reply, ServiceRequest } from "../support/services/scripted-service.js";
import { useService } from "../support/services/use-service.js";
import { Fleet } from "./fleet-of-processes.js";

const WORKERS = 3;

/** What happens to a worker while answers are on their way. */
const ENDS: Readonly<Record<string, (fleet: Fleet) => Promise<unknown>>> = {
  "Q20: killed": (fleet) => fleet.workers[0]!.kill(),
  "Q21: stopped": (fleet) => fleet.workers[0]!.stop(),
  "Q22: redeployed": (fleet) => fleet.redeploy(fleet.workers[0]!),
};

/** The answer to a question, in words that name it, so that a mixture shows. */
function listWords(question: string, count = 30): string[] {
  return Array.from({ length: count }, (_, index) => `${question}-${index} `);
}

describe("Fleet of Node-RED processes behind mosquitto", function () {
  this.timeout(120_000);
  const service = useService();
  let fleet: Fleet;

  const answerSlowly = async (reply: Reply, { body }: ServiceRequest) => {
    const messages = body["messages"] as { content: string }[];
    for (const word of listWords(messages.at(-1)!.content)) {
      reply.send(word);
      await wait(30);
    }
    reply.finish("stop", { prompt_tokens: 1, completion_tokens: 30, total_tokens: 31 });
  };

  beforeEach(async () => {
    service().script = answerSlowly;
    fleet = await Fleet.start(Array.from({ length: WORKERS }, () => service().url));
  });
  afterEach(() => fleet.stop());

  /** Asks many questions at once, a few milliseconds apart. */
  async function askMany(count: number, model: "house" | "whole") {
    const questions = Array.from({ length: count }, (_, index) => `q${index}`);
    return Promise.all(
      questions.map(async (question, index) => {
        await wait(index * 10);
        return { question, ...(await fleet.ask(question, model)) };
      }),
    );
  }

  for (const [title, end] of Object.entries(ENDS)) {
    it(`${title} worker: each of 60 readers gets the whole answer to its question`, async () => {
      const asking = askMany(60, "whole");
      await wait(900);
      await end(fleet);
      const answers = await asking;
      for (const { question, text, finishReason, error } of answers) {
        assert.equal(error, undefined, JSON.stringify(error));
        assert.equal(text, listWords(question).join(""));
        assert.equal(finishReason, "stop");
      }
    });
  }

  it("Q23: broker stopped for a second: each text is whole, or its reader gets an error", async () => {
    const asking = askMany(30, "house");
    await wait(600);
    await fleet.broker.stop();
    await wait(1_000);
    await fleet.broker.start();
    for (const { question, text, finishReason, error } of await asking) {
      const whole = listWords(question).join("");
      if (finishReason === undefined) assert.ok(error, "an error or a finish reason ends each answer");
      else assert.equal(text, whole);
      assert.ok(whole.startsWith(text), text);
    }
  });

  it("tells the front what an answer cost, by the worker's own prices", async () => {
    const { usage } = await fleet.ask("price", "house");
    assert.equal(usage?.["completion_tokens"], 30);
    assert.equal(usage["cost"], 0.03);
  });

  it("Q25: runs a tool at the front for a model at a worker, and its next turn at any worker", async () => {
    service().script = (reply, { body }) => {
      const messages = body["messages"] as { role: string; content: string }[];
      const result = messages.find(({ role }) => role === "tool");
      if (result) reply.say(`There is ${result.content}.`);
      else {
        reply.send("Let me look. ", ...createCallChunks("get_weather", { city: "Paris" }));
        reply.finish("tool_calls");
      }
    };
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => fleet.ask(`q${index}`, "tools")),
    );
    for (const { text, finishReason, error } of answers)
      assert.deepEqual([text, finishReason, error], ["Let me look. There is fog.", "stop", undefined]);
  });

  it("says how many workers there are, and which models they have", async () => {
    assert.equal(await fleet.testConnection(), "3 workers answered: house");
  });

  it("Q24: reader that leaves at the front stops the model at the worker", async () => {
    let gone: Promise<void> | undefined;
    service().script = (reply, request) => {
      gone = request.gone;
      reply.send("Once ");
    };
    const leaving = new AbortController();
    const asking = fleet.ask("long", "house", { signal: leaving.signal }).catch(() => {});
    while (!gone) await wait(20);
    leaving.abort();
    await gone;
    await asking;
  });
});
