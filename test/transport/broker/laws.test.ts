import assert from "node:assert/strict";
import fc from "fast-check";
import { FleetWorld, type ReceivedAnswer } from "../../support/worlds/fleet-world.js";

/** What may happen at any moment. */
const MISHAPS = ["write", "write", "write", "end", "pass", "front", "worker", "kill", "deliver"] as const;

describe("Laws of a fleet", () => {
  it("end each answer once, and whole only with the exact text of one worker, whatever the broker does", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...MISHAPS), { minLength: 5, maxLength: 60 }),
        fc.array(
          fc.record({ copies: fc.constantFrom(0, 1, 1, 1, 1, 2), lateness: fc.constantFrom(0, 0, 0, 1, 5) }),
          { minLength: 1, maxLength: 40 },
        ),
        fc.integer({ min: 1, max: 3 }),
        (steps, fates, maxCalls) => {
          const world = new FleetWorld();
          const { fleet, link } = world.addFront(2_000);
          const workers = [1, 2, 3].map(() => world.addWorker({ maxCalls }));
          let message = 0;
          world.broker.decideFate = () => fates[message++ % fates.length]!;
          const answers: ReceivedAnswer[] = [];
          const written = new Map<object, string>();
          const ask = () => answers.push(world.ask(fleet));
          ask();
          ask();
          for (const [at, step] of steps.entries()) {
            const { calls, link: workerLink } = workers[at % 3]!;
            const call = calls.at(-1 - (at % 2));
            if (step === "write" && call) {
              written.set(call, `${written.get(call) ?? ""}${at},`);
              call.writer.write(`${at},`);
            } else if (step === "end" && call) {
              call.writer.end();
              calls.splice(calls.indexOf(call), 1);
            } else if (step === "pass") world.pass(300);
            else if (step === "front") link.isConnected = !link.isConnected;
            else if (step === "worker") workerLink.isConnected = !workerLink.isConnected;
            else if (step === "kill") calls.splice(0);
            else if (answers.length < 6) ask();
          }
          link.isConnected = true;
          for (const { link: workerLink } of workers) workerLink.isConnected = false;
          world.pass(20_000);
          for (const answer of answers) {
            if (!answer.end) answer.abort();
            assert.equal(answer.ends, 1);
            const texts = [...written.values(), ""];
            if (answer.end === "whole") assert.ok(texts.includes(answer.text), answer.text);
            else
              assert.ok(
                texts.some((text) => text.startsWith(answer.text)),
                answer.text,
              );
          }
          world.pass(20_000);
          assert.equal(world.clock.timerCount, 0, "no timer is left");
        },
      ),
      {
        numRuns: 300,
        examples: [
          [
            [
              "write",
              "write",
              "front",
              "write",
              "write",
              "write",
              "write",
              "write",
              "write",
              "write",
              "write",
              "front",
              "pass",
              "write",
            ],
            [
              { copies: 2, lateness: 0 },
              { copies: 1, lateness: 0 },
            ],
            2,
          ],
        ],
      },
    );
  });
});
