import assert from "node:assert/strict";
import { type SessionEnd, Sessions } from "../../../src/core/lifecycle/sessions.js";
import { Slots, type Ticket } from "../../../src/core/lifecycle/slots.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

function createSessions(maxOpen = 3, expiryMs?: number, rememberedEnds?: readonly SessionEnd[]) {
  const clock = new FakeClock();
  const ended: [string, SessionEnd][] = [];
  const sessions = new Sessions<string>({
    maxOpen,
    clock,
    onEnd: (value, reason) => ended.push([value, reason]),
    ...(expiryMs === undefined ? {} : { expiryMs }),
    ...(rememberedEnds === undefined ? {} : { rememberedEnds }),
  });
  return { clock, ended, sessions };
}

describe("Sessions", () => {
  it("end exactly once, however often they are ended", () => {
    const { ended, sessions } = createSessions();
    sessions.open("a", "A");
    sessions.open("b", "B");
    sessions.end("a", "finished");
    sessions.end("a", "cancelled");
    sessions.endAll("closed");
    sessions.endAll("closed");
    assert.deepEqual(ended, [
      ["A", "finished"],
      ["B", "closed"],
    ]);
    assert.equal(sessions.size, 0);
    assert.equal(sessions.get("a"), undefined);
  });

  it("end the oldest session if one too many is opened", () => {
    const { ended, sessions } = createSessions(2);
    for (const id of ["a", "b", "c"]) sessions.open(id, id);
    assert.deepEqual(ended, [["a", "overflow"]]);
    assert.deepEqual(sessions.list(), ["b", "c"]);
  });

  it("end only the sessions that a filter chooses", () => {
    const { ended, sessions } = createSessions();
    for (const id of ["a", "b", "c"]) sessions.open(id, id);
    sessions.endAll("cancelled", (value) => value !== "b");
    assert.deepEqual(
      ended.map(([value]) => value),
      ["a", "c"],
    );
  });

  it("expire after their own time without use", async () => {
    const { clock, ended, sessions } = createSessions(3, 100);
    sessions.open("a", "A");
    await clock.advance(60);
    sessions.open("b", "B");
    await clock.advance(30);
    assert.equal(sessions.get("a"), "A");
    await clock.advance(70);
    assert.deepEqual(ended, [["B", "expired"]]);
    await clock.advance(30);
    assert.deepEqual(ended, [
      ["B", "expired"],
      ["A", "expired"],
    ]);
    assert.equal(clock.timerCount, 0);
  });

  it("expire though the end of one throws", async () => {
    const ended: string[] = [];
    const clock = new FakeClock();
    const sessions = new Sessions<string>({
      maxOpen: 10,
      expiryMs: 100,
      clock,
      onEnd: (value) => {
        ended.push(value);
        if (value === "a") throw new Error("oops");
      },
    });
    for (const id of ["a", "b", "c"]) sessions.open(id, id);
    await assert.rejects(clock.advance(100), /oops/);
    await clock.advance(10);
    assert.deepEqual(ended, ["a", "b", "c"]);
    assert.equal(clock.timerCount, 0);
  });

  it("end if another session is opened under their id", async () => {
    const { clock, ended, sessions } = createSessions(2, 100);
    sessions.open("a", "first");
    sessions.open("b", "B");
    await clock.advance(60);
    sessions.open("a", "second");
    assert.deepEqual(ended, [["first", "cancelled"]]);
    assert.deepEqual(sessions.list(), ["B", "second"], "no other session had to end");
    await clock.advance(50);
    assert.deepEqual(ended.at(-1), ["B", "expired"]);
    assert.equal(sessions.get("a"), "second");
  });

  it("are remembered for a while if their end is one to remember", () => {
    const { sessions } = createSessions(3, undefined, ["finished"]);
    for (const [id, reason] of [
      ["a", "finished"],
      ["b", "expired"],
    ] as const) {
      sessions.open(id, id);
      assert.equal(sessions.hasEnded(id), false);
      sessions.end(id, reason);
    }
    assert.deepEqual(
      [sessions.hasEnded("a"), sessions.hasEnded("b"), sessions.hasEnded("c")],
      [true, false, false],
    );
    sessions.forget("a");
    assert.equal(sessions.hasEnded("a"), false);
    for (let at = 0; at <= 1000; at++) {
      sessions.open(`s${at}`, "");
      sessions.end(`s${at}`, "finished");
    }
    assert.deepEqual(
      [sessions.hasEnded("s0"), sessions.hasEnded("s1"), sessions.hasEnded("s1000")],
      [false, true, true],
    );
    sessions.open("s1000", "");
    assert.equal(sessions.hasEnded("s1000"), false, "an open session has not ended");
  });

  it("leave no timer after the last session has ended", () => {
    const { clock, sessions } = createSessions(3, 100);
    sessions.open("a", "A");
    assert.equal(clock.timerCount, 1);
    sessions.end("a", "finished");
    assert.equal(clock.timerCount, 0);
  });
});

describe("Slots", () => {
  it("run a limited number, then the next in order of arrival, and refuse if the queue is full", () => {
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

  it("never start a waiting one that has left the queue", () => {
    const slots = new Slots(1, 5);
    const started: string[] = [];
    const first = slots.acquire(() => started.push("a"))!;
    const second = slots.acquire(() => started.push("b"))!;
    slots.acquire(() => started.push("c"));
    second.release();
    first.release();
    assert.deepEqual(started, ["a", "c"]);
  });

  it("are idle if nothing runs or waits", () => {
    const slots = new Slots(1, 1);
    assert.equal(slots.isIdle, true);
    const ticket = slots.acquire(() => {})!;
    assert.equal(slots.isIdle, false);
    ticket.release();
    assert.equal(slots.isIdle, true);
  });

  it("keep working if a started one gives its slot back at once", () => {
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
