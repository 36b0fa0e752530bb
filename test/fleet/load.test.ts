import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import type { Reply, ServiceRequest } from "../support/services/scripted-service.js";
import { useService } from "../support/services/use-service.js";
import { waitUntil } from "../support/waiting.js";
import { type AskOptions, Fleet, type FleetModel } from "./fleet-of-processes.js";

/** Milliseconds between two words of an answer. */
const PACE_MS = 10;

/** How much slower the slow worker's service is. */
const SLOWNESS = 6;

/** Answers that a worker gives at once. */
const MAX_CALLS = 8;

/** The answer to a question, in words that name it, so that a mixture shows. */
function writeAnswer(question: string): string {
  return Array.from({ length: 30 }, (_, index) => `${question}-${index} `).join("");
}

function readQuestion({ body }: ServiceRequest): string {
  return (body["messages"] as { content: string }[]).at(-1)!.content;
}

describe("Fleet under load", function () {
  this.timeout(120_000);
  const service = useService();
  let fleet: Fleet;
  afterEach(() => fleet.stop());

  beforeEach(() => {
    service().script = async (reply: Reply, request: ServiceRequest) => {
      const pace = request.path.startsWith("/slow") ? PACE_MS * SLOWNESS : PACE_MS;
      for (const word of writeAnswer(readQuestion(request)).match(/\S+ /g)!) {
        reply.send(word);
        await wait(pace);
      }
      reply.finish("stop", { prompt_tokens: 1, completion_tokens: 30, total_tokens: 31 });
    };
  });

  const askMany = (count: number, model: FleetModel, options: AskOptions = {}) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const question = `q${index}`;
        return { question, ...(await fleet.ask(question, model, options)) };
      }),
    );

  it("Q14: gives a worker that is six times slower few of 72 answers, since it takes no more than it can do", async () => {
    const { url } = service();
    fleet = await Fleet.start([`${url}/fast`, `${url}/fast`, `${url}/slow`]);
    for (const { question, text, finishReason } of await askMany(72, "house")) {
      assert.equal(text, writeAnswer(question));
      assert.equal(finishReason, "stop");
    }
    const slow = service().requests.filter(({ path }) => path.startsWith("/slow")).length;
    assert.equal(service().requests.length, 72);
    // Its first eight take as long as 48 answers of another worker. Round robin would give it 24.
    assert.ok(slow <= MAX_CALLS + 4, `${slow} answers of the slow worker`);
  });

  it("Q15: passes no wrong text if the broker's queue overflows; a retry mends it before the first byte", async () => {
    const { url } = service();
    fleet = await Fleet.start([url, url], ["max_queued_messages 5", "max_inflight_messages 2"]);
    const asking = Promise.all([askMany(8, "house"), askMany(8, "whole")]);
    await waitUntil(() => service().requests.length >= 8, "workers answer");
    fleet.front.freeze();
    await wait(800);
    fleet.front.thaw();
    const [streamed, whole] = await asking;
    for (const { question, text, error } of streamed) {
      if (error) assert.match(error.code, /interrupted/);
      else assert.equal(text, writeAnswer(question));
      assert.ok(writeAnswer(question).startsWith(text), text);
    }
    for (const { question, text, error } of whole) {
      assert.equal(error, undefined, JSON.stringify(error));
      assert.equal(text, writeAnswer(question));
    }
    assert.ok(
      service().requests.length > 16 || streamed.some(({ error }) => error),
      "the queue should have overflowed",
    );
  });

  it("Q16: refuses a request that the broker does not take, and cuts answers to its size", async () => {
    fleet = await Fleet.start([service().url], ["max_packet_size 6000"]);
    const refused = await fleet.ask("x".repeat(20_000), "house");
    assert.equal(refused.status, 400);
    assert.match(refused.error!.message, /2\d{4} bytes, and the broker takes at most 6000/);
    assert.equal(service().requests.length, 0);
    const long = "“ü” \\ ".repeat(3_000);
    service().script = (reply) => reply.say(long);
    assert.equal((await fleet.ask("short", "house")).text, long);
  });

  it("Q17: gives each of two fronts its own answers", async () => {
    const { url } = service();
    fleet = await Fleet.start([url, url]);
    const other = await fleet.startFront();
    const answers = await Promise.all([askMany(20, "house"), askMany(20, "house", { front: other })]);
    for (const { question, text } of answers.flat()) assert.equal(text, writeAnswer(question));
    assert.equal(service().requests.length, 40);
  });

  it("Q18: stops the workers of a front that is killed", async () => {
    const open: Promise<void>[] = [];
    service().script = (reply, request) => {
      open.push(request.gone);
      reply.send("Once ");
    };
    fleet = await Fleet.start([service().url]);
    const asking = askMany(3, "house").catch(() => {});
    await waitUntil(() => open.length === 3, "the worker answers");
    await fleet.front.kill();
    await Promise.all(open);
    await asking;
  });
});
