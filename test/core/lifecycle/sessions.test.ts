import assert from "node:assert/strict";
import { type SessionEnd, Sessions } from "../../../src/core/lifecycle/sessions.js";
import { Slots, type Ticket } from "../../../src/core/lifecycle/slots.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

function sessions(most = 3, expiry?: number, remember?: readonly SessionEnd[]) {
  const clock = new FakeClock();
  const ended: [string, SessionEnd][] = [];
  const open = new Sessions<string>({
    maxOpen: most,
    clock,
    onEnd: (value, reason) => ended.push([value, reason]),
    ...(expiry === undefined ? {} : { expiryMs: expiry }),
    ...(remember === undefined ? {} : { rememberedEnds: remember }),
  });
  return { clock, ended, open };
}

describe("Sessions", () => {
  it("end once each, whoever ends them and however often", () => {
    const { ended, open } = sessions();
    open.open("a", "A");
    open.open("b", "B");
    open.end("a", "finished");
    open.end("a", "cancelled");
    open.endAll("closed");
    open.endAll("closed");
    assert.deepEqual(ended, [
      ["A", "finished"],
      ["B", "closed"],
    ]);
    assert.equal(open.size, 0);
    assert.equal(open.get("a"), undefined);
  });

  it("end the oldest when one too many begins", () => {
    const { ended, open } = sessions(2);
    for (const id of ["a", "b", "c"]) open.open(id, id);
    assert.deepEqual(ended, [["a", "overflow"]]);
    assert.deepEqual(open.list(), ["b", "c"]);
  });

  it("end those that are chosen", () => {
    const { ended, open } = sessions();
    for (const id of ["a", "b", "c"]) open.open(id, id);
    open.endAll("cancelled", (value) => value !== "b");
    assert.deepEqual(
      ended.map(([value]) => value),
      ["a", "c"],
    );
  });

  it("expire when nobody has asked for them in time, each in its own", async () => {
    const { clock, ended, open } = sessions(3, 100);
    open.open("a", "A");
    await clock.advance(60);
    open.open("b", "B");
    await clock.advance(30);
    assert.equal(open.get("a"), "A");
    await clock.advance(70);
    assert.deepEqual(ended, [["B", "expired"]]);
    await clock.advance(30);
    assert.deepEqual(ended, [
      ["B", "expired"],
      ["A", "expired"],
    ]);
    assert.equal(clock.waiting, 0);
  });

  it("end when another begins under their name", async () => {
    const { clock, ended, open } = sessions(2, 100);
    open.open("a", "first");
    open.open("b", "B");
    await clock.advance(60);
    open.open("a", "second");
    assert.deepEqual(ended, [["first", "cancelled"]]);
    assert.deepEqual(open.list(), ["B", "second"], "nobody else had to go for it");
    await clock.advance(50);
    assert.deepEqual(ended.at(-1), ["B", "expired"]);
    assert.equal(open.get("a"), "second");
  });

  it("are remembered for a while, those that are over for good", () => {
    const { open } = sessions(3, undefined, ["finished"]);
    for (const [id, reason] of [
      ["a", "finished"],
      ["b", "expired"],
    ] as const) {
      open.open(id, id);
      assert.equal(open.hasEnded(id), false);
      open.end(id, reason);
    }
    assert.deepEqual([open.hasEnded("a"), open.hasEnded("b"), open.hasEnded("c")], [true, false, false]);
    open.forget("a");
    assert.equal(open.hasEnded("a"), false);
    for (let at = 0; at <= 1000; at++) {
      open.open(`s${at}`, "");
      open.end(`s${at}`, "finished");
    }
    assert.deepEqual([open.hasEnded("s0"), open.hasEnded("s1"), open.hasEnded("s1000")], [false, true, true]);
    open.open("s1000", "");
    assert.equal(open.hasEnded("s1000"), false, "what is open is not over");
  });

  it("leave no timer behind", () => {
    const { clock, open } = sessions(3, 100);
    open.open("a", "A");
    assert.equal(clock.waiting, 1);
    open.end("a", "finished");
    assert.equal(clock.waiting, 0);
  });
});

describe("Slots", () => {
  it("let so many run, the next in order of arrival, and refuse when the queue is full", () => {
    const slots = new Slots(2, 2);
    const started: number[] = [];
    const tickets = [0, 1, 2, 3, 4].map((at) => slots.acquire(() => started.push(at)));
    assert.deepEqual(started, [0, 1]);
    assert.equal(tickets[4], undefined);
    tickets[1]!.release();
    tickets[1]!.release();
    assert.deepEqual(started, [0, 1, 2]);
    tickets[0]!.release();
    assert.deepEqual(started, [0, 1, 2, 3]);
  });

  it("let one that waits leave the queue without ever starting", () => {
    const slots = new Slots(1, 5);
    const started: string[] = [];
    const first = slots.acquire(() => started.push("a"))!;
    const second = slots.acquire(() => started.push("b"))!;
    slots.acquire(() => started.push("c"));
    second.release();
    first.release();
    assert.deepEqual(started, ["a", "c"]);
  });

  it("are idle when nothing runs or waits", () => {
    const slots = new Slots(1, 1);
    assert.equal(slots.isIdle, true);
    const ticket = slots.acquire(() => {})!;
    assert.equal(slots.isIdle, false);
    ticket.release();
    assert.equal(slots.isIdle, true);
  });

  it("survive that what they start gives its slot back at once", () => {
    const slots = new Slots(1, 10);
    const first = slots.acquire(() => {})!;
    const tickets: (Ticket | undefined)[] = [];
    let started = 0;
    for (let at = 0; at < 5; at++) {
      tickets.push(
        slots.acquire(() => {
          started++;
          tickets[at]!.release();
        }),
      );
    }
    first.release();
    assert.equal(started, 5);
    assert.equal(slots.isIdle, true);
  });
});
