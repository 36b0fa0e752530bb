import assert from "node:assert/strict";
import { hostname } from "node:os";
import { Ledger } from "../../../src/core/budget/ledger.js";
import { type OpenRequest, RequestsInFlight } from "../../../src/node-red/budget/flight.js";
import { AccountKeeper } from "../../../src/node-red/budget/keeper.js";
import { findSpan } from "../../../src/node-red/budget/span.js";
import { AccountStore } from "../../../src/node-red/budget/store.js";
import type { BudgetTag } from "../../../src/node-red/messages/ask-tags.js";
import { InFlight } from "../../../src/node-red/messages/in-flight.js";
import type { NodeRed, RuntimeNode } from "../../../src/node-red/red/api.js";
import { NodeHost } from "../../../src/node-red/red/host.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

const SPAN = { start: 0, end: 1000 };
const RULES = { limit: 100, warnAt: 0.8 };

/** A context store that several processes share. */
class SharedStore {
  readonly values = new Map<string, unknown>();
  isBroken = false;

  get(key: string, _store: string, callback: (error: unknown, value: unknown) => void): void {
    callback(this.isBroken ? new Error("disk full") : undefined, structuredClone(this.values.get(key)));
  }

  set(key: string, value: unknown, _store: string, callback: (error: unknown) => void): void {
    if (!this.isBroken) this.values.set(key, structuredClone(value));
    callback(this.isBroken ? new Error("disk full") : undefined);
  }
}

/** One process with the budget node. */
function startProcess(shared: SharedStore, uiPort: number, ledger = new Ledger(RULES)) {
  const clock = new FakeClock();
  const warnings: string[] = [];
  const node = {
    id: "a.b",
    warn: (text: string) => warnings.push(text),
    context: () => ({ global: shared }),
  } as unknown as RuntimeNode;
  const red = { settings: { uiPort } } as unknown as NodeRed;
  const store = new AccountStore(red, node, "file", "tokens", clock);
  const keeper = new AccountKeeper(store, ledger, true, new NodeHost(red, node, clock), () => SPAN);
  const spend = async (amount: number) => {
    ledger.charge("", amount, SPAN);
    keeper.save();
    await clock.advance(1000);
  };
  return { clock, ledger, keeper, spend, warnings };
}

describe("What a budget keeps in a context store", () => {
  it("is there again after a restart, reservations counted as spent", async () => {
    const shared = new SharedStore();
    const before = startProcess(shared, 1880);
    before.ledger.request("runs", "", 30, SPAN);
    await before.spend(20);
    const after = startProcess(shared, 1880);
    await after.keeper.loaded;
    assert.equal(after.ledger.look("", SPAN).spent, 50);
  });

  it("is exchanged between two processes with each write, so that they stop together", async () => {
    const shared = new SharedStore();
    const one = startProcess(shared, 1880);
    const other = startProcess(shared, 1881);
    await one.spend(60);
    await other.spend(30);
    assert.equal(other.ledger.look("", SPAN).spent, 90);
    await one.spend(0);
    assert.equal(one.ledger.look("", SPAN).spent, 90);
    await one.spend(10);
    assert.equal(one.ledger.request("late", "", 1, SPAN), "usedUp");
    // The other one does not know of it before its next write.
    assert.equal(other.ledger.request("first", "", 1, SPAN), "near");
    await other.spend(0);
    assert.equal(other.ledger.request("late", "", 1, SPAN), "usedUp");
  });

  it("goes on in memory with one warning if the store fails", async () => {
    const shared = new SharedStore();
    shared.isBroken = true;
    const { ledger, keeper, spend, warnings } = startProcess(shared, 1880);
    await keeper.loaded;
    await spend(10);
    await spend(10);
    assert.equal(ledger.look("", SPAN).spent, 20);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /disk full/);
    shared.isBroken = false;
    await spend(10);
    shared.isBroken = true;
    await spend(10);
    assert.equal(warnings.length, 2, "it warns again if the store has worked in between");
  });

  it("begins anew with a warning if it cannot be read, and keeps the old value", async () => {
    const shared = new SharedStore();
    shared.values.set("budget_a_b", { v: 2, secret: 1 });
    const { ledger, keeper, warnings } = startProcess(shared, 1880);
    await keeper.loaded;
    assert.equal(ledger.look("", SPAN).spent, 0);
    assert.match(warnings[0]!, /starts from zero/);
    assert.deepEqual(shared.values.get("budget_a_b_unread"), { v: 2, secret: 1 });
  });

  it("is not read if it is of another version, of another unit, or no number", async () => {
    const store = (spent: unknown) => ({ [`${hostname()}:1880`]: { "": [0, spent] } });
    const processes = store(50);
    for (const [stored, spent, warned] of [
      [{ v: 1, unit: "tokens", processes }, 50, 0],
      [{ v: 2, unit: "tokens", processes }, 0, 1],
      [{ v: 1, unit: "usd", processes }, 0, 0],
      [{ v: 1, unit: "tokens", processes: store("50") }, 0, 1],
      [null, 0, 0],
    ] as const) {
      const shared = new SharedStore();
      shared.values.set("budget_a_b", stored);
      const { ledger, keeper, warnings } = startProcess(shared, 1880);
      await keeper.loaded;
      assert.deepEqual(
        [ledger.look("", SPAN).spent, warnings.length],
        [spent, warned],
        JSON.stringify(stored),
      );
    }
  });
});

describe("Writes of a budget's accounts", () => {
  /** A keeper whose store finishes a write when the test says so. @param isFresh as in the keeper */
  function startKeeper(isFresh = true) {
    const clock = new FakeClock();
    const ledger = new Ledger(RULES);
    const writes: { spent: number; finish: () => void }[] = [];
    const store = {
      load: async () => ({ own: { "": [0, 7] }, others: [{ "": [0, 5] }] }),
      exchange: (own: Record<string, readonly number[]>) =>
        new Promise((resolve) => writes.push({ spent: own[""]![1]!, finish: () => resolve([]) })),
    } as unknown as AccountStore;
    const host = new NodeHost({} as NodeRed, {} as RuntimeNode, clock);
    const keeper = new AccountKeeper(store, ledger, isFresh, host, () => SPAN);
    const spend = (amount: number) => {
      ledger.charge("", amount, SPAN);
      keeper.save();
    };
    return { clock, ledger, keeper, writes, spend };
  }

  it("come one at a time, a second apart, with the latest state", async () => {
    const { clock, keeper, writes, spend } = startKeeper();
    await keeper.loaded;
    for (const amount of [1, 2]) spend(amount);
    await clock.advance(999);
    assert.equal(writes.length, 0);
    await clock.advance(1);
    assert.deepEqual(
      writes.map(({ spent }) => spent),
      [10],
    );
    spend(1);
    await clock.advance(60_000);
    assert.equal(writes.length, 1, "the first write is not over");
    writes[0]!.finish();
    await clock.advance(0);
    await clock.advance(1_000);
    assert.equal(writes.at(-1)!.spent, 11);
    writes[1]!.finish();
    await clock.advance(60_000);
    assert.equal(writes.length, 2, "nothing has changed");
  });

  it("end with what was spent last when the node is closed", async () => {
    const { clock, keeper, writes, spend } = startKeeper();
    await keeper.loaded;
    assert.equal(keeper.close(), undefined, "nothing is to be written");
    const other = startKeeper();
    other.spend(1);
    await other.clock.advance(1_000);
    other.spend(1);
    const closed = other.keeper.close();
    assert.equal(other.writes.length, 1);
    other.writes[0]!.finish();
    await other.clock.advance(0);
    other.writes[1]!.finish();
    await closed;
    await other.clock.advance(60_000);
    assert.deepEqual([other.writes.length, other.clock.timerCount], [2, 0]);
    spend(1);
    await clock.advance(60_000);
    assert.equal(writes.length, 0, "a closed node writes no more");
    const early = startKeeper();
    early.spend(1);
    void early.keeper.close();
    assert.deepEqual(
      [early.writes.length, early.clock.timerCount],
      [1, 0],
      "it does not wait for its second",
    );
  });

  it("are read at the start: what others have spent, and what an earlier life has, unless a deploy handed it on", async () => {
    for (const [isFresh, spent] of [
      [true, 12],
      [false, 5],
    ] as const) {
      const { keeper, ledger } = startKeeper(isFresh);
      await keeper.loaded;
      assert.equal(ledger.look("", SPAN).spent, spent);
    }
  });
});

describe("A request that does not come back to its budget", () => {
  const tag: BudgetTag = { kind: "budget", node: "budget", request: "r", key: "" };
  const estimate = { amount: 5, price: () => 5 };

  it("is lost ten seconds after the last node has stopped working on it", async () => {
    const clock = new FakeClock();
    const inFlight = new InFlight();
    const lost: OpenRequest[] = [];
    const requests = new RequestsInFlight(clock, inFlight, (request) => lost.push(request));
    requests.add(tag, estimate);
    const release = inFlight.hold([tag]);
    await clock.advance(60_000);
    assert.equal(lost.length, 0, "a chat-stream works on it");
    release();
    await clock.advance(5_000);
    assert.equal(lost.length, 0);
    await clock.advance(15_000);
    assert.equal(lost.length, 1);
    assert.equal(requests.size, 0);
    await clock.advance(60_000);
    assert.equal(lost.length, 1);
    assert.equal(clock.timerCount, 0, "nothing is looked after any more");
  });

  it("is lost between ten and fifteen seconds after its last message if nobody here works on it", async () => {
    const clock = new FakeClock();
    const lost: OpenRequest[] = [];
    const requests = new RequestsInFlight(clock, new InFlight(), (request) => lost.push(request));
    await clock.advance(60_000);
    requests.add(tag, estimate);
    for (let messages = 0; messages < 10; messages++) {
      await clock.advance(9_000);
      assert.equal(requests.touch(tag)?.estimate, estimate);
    }
    await clock.advance(9_999);
    assert.equal(lost.length, 0);
    await clock.advance(5_001);
    assert.equal(lost.length, 1);
    assert.equal(requests.touch(tag), undefined);
  });

  it("goes to the next life of the budget when the node is closed, and is not lost meanwhile", async () => {
    const clock = new FakeClock();
    const lost: OpenRequest[] = [];
    const requests = new RequestsInFlight(clock, new InFlight(), (request) => lost.push(request));
    requests.add(tag, estimate);
    assert.deepEqual(
      requests.close().map((open) => open.tag),
      [tag],
    );
    assert.equal(clock.timerCount, 0);
    await clock.advance(60_000);
    assert.equal(lost.length, 0);
  });
});

describe("The span of a budget", () => {
  const at = new Date(2026, 10, 29, 17, 42, 31).getTime();
  const parts = (window: "hour" | "day" | "month") => {
    const { start, end } = findSpan(window, at);
    return [new Date(start), new Date(end)];
  };

  it("is the hour, day or month of the machine", () => {
    assert.deepEqual(parts("hour"), [new Date(2026, 10, 29, 17), new Date(2026, 10, 29, 18)]);
    assert.deepEqual(parts("day"), [new Date(2026, 10, 29), new Date(2026, 10, 30)]);
    assert.deepEqual(parts("month"), [new Date(2026, 10, 1), new Date(2026, 11, 1)]);
  });

  it("is a number of seconds, counted from 1970", () => {
    assert.deepEqual(findSpan(90, 200_000), { start: 180_000, end: 270_000 });
  });
});
