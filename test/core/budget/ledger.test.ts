import assert from "node:assert/strict";
import fc from "fast-check";
import { Ledger, type Span } from "../../../src/core/budget/ledger.js";

const SPAN: Span = { start: 0, end: 1000 };
const NEXT: Span = { start: 1000, end: 2000 };
const RULES = { limit: 100, warnAt: 0.8 };

describe("The ledger of a budget", () => {
  it("lets requests through until the limit is spent or reserved", () => {
    const ledger = new Ledger(RULES);
    assert.equal(ledger.request("a", "", 40, SPAN), "open");
    assert.equal(ledger.request("b", "", 40, SPAN), "open");
    assert.equal(ledger.request("c", "", 20, SPAN), "near");
    assert.equal(ledger.request("d", "", 1, SPAN), "usedUp");
    ledger.settle("a", 10);
    assert.equal(ledger.request("d", "", 1, SPAN), "open");
    assert.deepEqual(ledger.look("", SPAN), {
      limit: 100,
      spent: 10,
      reserved: 61,
      left: 29,
      resetsAt: 1000,
    });
  });

  it("lets a request that is alone use the rest, even if it could cost more", () => {
    const ledger = new Ledger(RULES);
    assert.equal(ledger.request("a", "", 500, SPAN), "open");
    assert.equal(ledger.request("b", "", 1, SPAN), "usedUp");
    ledger.settle("a", 99);
    assert.equal(ledger.request("b", "", 500, SPAN), "near");
    ledger.settle("b", 1);
    assert.equal(ledger.request("c", "", 0, SPAN), "usedUp");
  });

  it("settles a request once, in the span in which it was let through", () => {
    const ledger = new Ledger(RULES);
    ledger.request("a", "", 10, SPAN);
    ledger.request("b", "", 10, SPAN);
    assert.equal(ledger.settle("a", 7), true);
    assert.equal(ledger.settle("a", 7), false);
    assert.equal(ledger.look("", SPAN).spent, 7);
    ledger.request("c", "", 1, NEXT);
    assert.equal(ledger.settle("b", 50), true);
    assert.deepEqual(ledger.look("", NEXT), { limit: 100, spent: 0, reserved: 1, left: 99, resetsAt: 2000 });
  });

  it("does not fill an account again if the clock goes back", () => {
    const ledger = new Ledger(RULES);
    ledger.request("a", "", 1, NEXT);
    ledger.settle("a", 100);
    assert.equal(ledger.request("b", "", 1, SPAN), "usedUp");
    assert.equal(ledger.look("", SPAN).spent, 100);
  });

  it("refuses at once if the limit is set below what is spent, and lets running requests end", () => {
    const ledger = new Ledger(RULES);
    ledger.request("a", "", 50, SPAN);
    ledger.setRules({ limit: 10, warnAt: 0.8 });
    assert.equal(ledger.request("b", "", 1, SPAN), "usedUp");
    assert.equal(ledger.settle("a", 50), true);
  });

  it("keeps an account for each key, and resets one of them", () => {
    const ledger = new Ledger(RULES);
    for (const key of ["anna", "ben"]) {
      ledger.request(key, key, 1, SPAN);
      ledger.settle(key, 100);
    }
    ledger.reset("anna");
    assert.equal(ledger.request("c", "anna", 1, SPAN), "open");
    assert.equal(ledger.request("d", "ben", 1, SPAN), "usedUp");
  });

  it("resets what other processes have spent, too", () => {
    const ledger = new Ledger(RULES);
    ledger.setElsewhere([{ anna: [SPAN.start, 100] }], SPAN);
    assert.equal(ledger.request("a", "anna", 1, SPAN), "usedUp");
    ledger.reset("anna");
    assert.equal(ledger.look("anna", SPAN).spent, 0);
    assert.equal(ledger.request("a", "anna", 1, SPAN), "open");
  });

  it("remembers the most that one request of an account has cost, in later spans too", () => {
    const ledger = new Ledger(RULES);
    for (const [id, cost] of [
      ["a", 5],
      ["b", 30],
      ["c", 20],
    ] as const) {
      ledger.request(id, "anna", 10, SPAN);
      ledger.settle(id, cost);
    }
    ledger.request("d", "anna", 10, NEXT);
    assert.equal(ledger.getLargest("anna"), 30);
    assert.equal(ledger.getLargest("ben"), 0);
  });

  it("forgets an account of an old span first, and never one that has a reservation", () => {
    const ledger = new Ledger(RULES);
    ledger.request("first", "running", 1, SPAN);
    ledger.charge("old", 5, SPAN);
    for (let at = 0; at < 10_000; at++) ledger.charge(`key ${at}`, 1 + at, NEXT);
    assert.equal(ledger.accountCount, 10_000);
    assert.equal(ledger.look("old", SPAN).spent, 0);
    assert.equal(ledger.look("running", SPAN).reserved, 1);
    assert.equal(ledger.look("key 0", NEXT).spent, 0, "then the one that spent least");
    assert.equal(ledger.look("key 9999", NEXT).spent, 10_000);
  });

  it("counts what is reserved as spent after a restart, and what other processes spend", () => {
    const before = new Ledger(RULES);
    before.request("a", "", 30, SPAN);
    before.request("b", "", 30, SPAN);
    before.settle("b", 20);
    const after = new Ledger(RULES);
    after.restore(before.save(), SPAN);
    assert.equal(after.look("", SPAN).spent, 50);
    after.setElsewhere([{ "": [0, 25] }, { "": [0, 24], other: [0, 100] }], SPAN);
    assert.equal(after.look("", SPAN).spent, 99);
    assert.equal(after.request("c", "other", 1, SPAN), "usedUp");
    after.setElsewhere([], SPAN);
    assert.equal(after.look("", SPAN).spent, 50);
    const late = new Ledger(RULES);
    late.restore(before.save(), NEXT);
    assert.equal(late.look("", NEXT).spent, 0);
  });
});

/** What may happen to a budget, in any order. */
type Step =
  | { type: "ask"; reserve: number; actual: number }
  | { type: "end"; nth: number }
  | { type: "again"; nth: number; reserve: number }
  | { type: "twice"; nth: number }
  | { type: "restart" }
  | { type: "later" }
  | { type: "clockBack" };

const amount = fc.integer({ min: 0, max: 60 });
const nth = fc.nat(20);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constant("ask" as const), reserve: amount, actual: amount }),
    },
    { weight: 4, arbitrary: fc.record({ type: fc.constant("end" as const), nth }) },
    fc.record({ type: fc.constant("again" as const), nth, reserve: amount }),
    fc.record({ type: fc.constant("twice" as const), nth }),
    fc.record({ type: fc.constantFrom("restart" as const, "later" as const, "clockBack" as const) }),
  ),
  { maxLength: 80 },
);

interface Running {
  id: string;
  start: number;
  reserve: number;
  actual: number;
}

describe("Laws of the ledger", () => {
  it("never passes the limit by more than was in flight, and reserves nothing for ever", () => {
    fc.assert(
      fc.property(steps, (history) => {
        let ledger = new Ledger(RULES);
        let running: Running[] = [];
        let ended: Running[] = [];
        let span = SPAN;
        let newest = SPAN;
        let count = 0;
        /** What was really spent in each span, and the most that may be by the law. */
        const spent = new Map<number, number>();
        const bounds = new Map<number, number>();
        const spend = (start: number, value: number) => spent.set(start, (spent.get(start) ?? 0) + value);
        for (const step of history) {
          if (step.type === "ask") {
            const request = { id: `r${count++}`, ...step, start: newest.start };
            if (ledger.request(request.id, "", step.reserve, span) === "usedUp") continue;
            running.push(request);
            const inFlight = running.filter(({ start }) => start === newest.start);
            const excess = inFlight.reduce((sum, one) => sum + Math.max(one.actual, one.reserve), 0);
            bounds.set(newest.start, Math.max(bounds.get(newest.start) ?? 0, RULES.limit + excess));
          } else if (step.type === "end" && running.length > 0) {
            const [request] = running.splice(step.nth % running.length, 1);
            assert.equal(ledger.settle(request!.id, request!.actual), true);
            spend(request!.start, request!.actual);
            ended.push(request!);
          } else if (step.type === "again" && running.length > 0) {
            const request = running[step.nth % running.length]!;
            if (ledger.request(request.id, "", step.reserve, span) !== "usedUp")
              request.reserve += step.reserve;
          } else if (step.type === "twice" && ended.length > 0) {
            assert.equal(ledger.settle(ended[step.nth % ended.length]!.id, 1_000_000), false);
          } else if (step.type === "restart") {
            const saved = ledger.save();
            ledger = new Ledger(RULES);
            ledger.restore(saved, newest);
            // What was reserved counts as spent, and the streams are nobody's.
            for (const { start, reserve } of running) spend(start, reserve);
            running = [];
            ended = [];
            span = newest;
          } else if (step.type === "later") {
            newest = { start: newest.start + 1000, end: newest.end + 1000 };
            span = newest;
          } else if (step.type === "clockBack") span = SPAN;
          for (const [start, value] of spent)
            assert.ok(value <= bounds.get(start)!, "beyond what was in flight");
        }
        for (const { id, actual } of running) ledger.settle(id, actual);
        assert.equal(ledger.openCount, 0);
        assert.equal(ledger.look("", newest).reserved, 0);
      }),
      { numRuns: 2000 },
    );
  });
});
