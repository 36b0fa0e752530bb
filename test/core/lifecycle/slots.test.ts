import assert from "node:assert/strict";
import fc from "fast-check";
import { Slots, type Ticket } from "../../../src/core/lifecycle/slots.js";

/** Slots whose starts are recorded by name. */
class NamedSlots {
  readonly started: string[] = [];
  readonly slots: Slots;

  constructor(maxRunning: number, maxQueued: number) {
    this.slots = new Slots(maxRunning, maxQueued);
  }

  acquire(name: string, isUrgent = false): Ticket | undefined {
    return this.slots.acquire(() => this.started.push(name), isUrgent);
  }
}

describe("Slots", () => {
  it("start at once while one is free, and queue the rest in order of arrival", () => {
    const named = new NamedSlots(2, 5);
    const [a, b] = ["a", "b", "c", "d"].map((name) => named.acquire(name));
    assert.deepEqual(named.started, ["a", "b"]);
    b!.release();
    a!.release();
    assert.deepEqual(named.started, ["a", "b", "c", "d"]);
  });

  it("refuse what the queue has no place for, without ever starting it", () => {
    const named = new NamedSlots(1, 1);
    const [a, b, c] = ["a", "b", "c"].map((name) => named.acquire(name));
    assert.equal(c, undefined);
    a!.release();
    b!.release();
    assert.deepEqual(named.started, ["a", "b"]);
    assert.ok(named.slots.isIdle);
  });

  it("start what is urgent before the queue, in order of arrival", () => {
    const named = new NamedSlots(1, 5);
    const running = named.acquire("a");
    named.acquire("queued");
    const urgent = ["u1", "u2"].map((name) => named.acquire(name, true));
    running!.release();
    for (const ticket of urgent) ticket!.release();
    assert.deepEqual(named.started, ["a", "u1", "u2", "queued"]);
  });

  it("never refuse what is urgent, which takes no place in the queue", () => {
    const named = new NamedSlots(1, 1);
    named.acquire("a");
    const urgent = Array.from({ length: 10 }, (_, at) => named.acquire(`u${at}`, true));
    assert.ok(urgent.every((ticket) => ticket !== undefined));
    assert.ok(named.acquire("queued"), "the place in the queue is still free");
    assert.equal(named.acquire("one too many"), undefined);
  });

  it("do not start what left either queue", () => {
    const named = new NamedSlots(1, 5);
    const running = named.acquire("a");
    for (const isUrgent of [false, true]) named.acquire("left", isUrgent)!.release();
    named.acquire("b");
    running!.release();
    assert.deepEqual(named.started, ["a", "b"]);
  });

  it("are not idle while only something urgent waits or runs", () => {
    const named = new NamedSlots(1, 0);
    const running = named.acquire("a");
    const urgent = named.acquire("u", true);
    running!.release();
    assert.equal(named.slots.isIdle, false);
    urgent!.release();
    assert.ok(named.slots.isIdle);
  });

  it("count a slot once if it is released twice", () => {
    const named = new NamedSlots(1, 5);
    const [a, b] = ["a", "b", "c"].map((name) => named.acquire(name));
    a!.release();
    a!.release();
    assert.deepEqual(named.started, ["a", "b"]);
    b!.release();
    assert.deepEqual(named.started, ["a", "b", "c"]);
  });

  it("run at most as many as allowed, and start everything that was admitted and not released", () => {
    const anyStep = fc.record({ takes: fc.boolean(), isUrgent: fc.boolean(), nth: fc.nat(20) });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.nat(4),
        fc.array(anyStep),
        (maxRunning, maxQueued, steps) => {
          const slots = new Slots(maxRunning, maxQueued);
          const open: { ticket: Ticket; isRunning: boolean }[] = [];
          for (const { takes, isUrgent, nth } of steps) {
            if (takes) {
              const entry = { ticket: undefined as Ticket | undefined, isRunning: false };
              entry.ticket = slots.acquire(() => {
                entry.isRunning = true;
              }, isUrgent);
              if (entry.ticket) open.push(entry as (typeof open)[number]);
            } else if (open.length > 0) open.splice(nth % open.length, 1)[0]!.ticket.release();
            const running = open.filter(({ isRunning }) => isRunning).length;
            assert.equal(running, Math.min(maxRunning, open.length));
          }
          for (const { ticket } of open) ticket.release();
          assert.ok(slots.isIdle);
        },
      ),
    );
  });
});
