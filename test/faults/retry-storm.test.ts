import assert from "node:assert/strict";
import { createRandom } from "../support/services/toxics.js";
import { type Outcome, RetryWorld } from "../support/worlds/retry-world.js";

const DOWN: Outcome = { takes: 20, fails: "connection" };
const REFUSED: Outcome = { takes: 20, fails: "server_error", details: { status: 503 } };
const WELL: Outcome = { takes: 50, texts: ["Hello", " world"] };

/** Asks so many questions, one each so many milliseconds, and waits until all is over. */
async function askSteadily(world: RetryWorld, questions: number, every: number): Promise<void> {
  for (let nth = 0; nth < questions; nth++) {
    world.ask({ payload: `${nth}`, _msgid: `${nth}` });
    if (every > 0) await world.clock.advance(every);
  }
  await world.clock.advance(300_000);
  assert.equal(world.ends.length, questions, "each stream has its one end");
  assert.equal(new Set(world.ends.map(({ parts }) => parts!.id)).size, questions);
  assert.equal(world.done, world.got);
  assert.equal(world.clock.waiting, 0, "no timer is left");
}

/** The most requests in any one second. */
function busiestSecond(times: readonly number[]): number {
  const sorted = [...times].sort((one, other) => one - other);
  let [most, from] = [0, 0];
  for (const [to, time] of sorted.entries()) {
    while (sorted[from]! <= time - 1000) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

describe("A service that is down", function () {
  this.timeout(60_000);

  for (const [kind, outcome] of [
    ["unreachable", DOWN],
    ["refusing", REFUSED],
  ] as const) {
    it(`Y02: that is ${kind} gets at most a tenth more requests than there are messages: 10,000, one after the other`, async () => {
      const world = new RetryWorld(() => outcome);
      await askSteadily(world, 10_000, 10);
      console.log(`      ${world.requests.length} requests for 10,000 messages`);
      assert.ok(world.requests.length <= 10_000 + 10);
      assert.equal(world.errors.length, 10_000);
    });

    it(`Y02: that is ${kind} gets no more when a hundred ask at the same time`, async () => {
      const world = new RetryWorld(() => outcome);
      await askSteadily(world, 100, 0);
      assert.ok(world.requests.length <= 110, `${world.requests.length} requests`);
      assert.match(world.errors.at(-1)!.message, /fails so often/);
    });
  }

  it("Y02: has its retries again after it has answered", async () => {
    let up = false;
    const world = new RetryWorld(() => (up ? WELL : DOWN));
    await askSteadily(world, 100, 100);
    assert.equal(world.requests.length, 110);
    up = true;
    for (let nth = 0; nth < 100; nth++) {
      world.ask();
      await world.clock.advance(100);
    }
    up = false;
    world.ask({ payload: "again" });
    await world.clock.advance(60_000);
    assert.equal(world.requests.slice(210).length, 3, "one and two retries");
  });

  it("Y03: is asked with success as soon as it is back, and by no burst of those that waited", async () => {
    const world = new RetryWorld(({ at }) => (at < 60_000 ? REFUSED : WELL), { attempts: 5 });
    for (let nth = 0; nth < 1200; nth++) {
      world.ask();
      await world.clock.advance(100);
    }
    await world.clock.advance(60_000);
    const back = world.requests.filter(({ at }) => at >= 60_000).map(({ at }) => at);
    assert.ok(back[0]! - 60_000 <= 20_500, `first success after ${back[0]! - 60_000} ms`);
    const busiest = busiestSecond(world.requests.map(({ at }) => at));
    console.log(
      `      first success ${back[0]! - 60_000} ms after recovery; busiest second ${busiest} at 10/s`,
    );
    assert.ok(busiest <= 20, `${busiest} requests in a second, 10 on average`);
    assert.equal(world.ends.length, 1200);
    assert.ok(world.ends.slice(-590).every(({ finishReason }) => finishReason === "stop"));
  });

  it("Y03: gets no burst either when many fail at one moment: they come back spread out", async () => {
    // The line broke for all of 300 readers at once; the service itself is well.
    let broken = 300;
    const world = new RetryWorld(() => (broken-- > 0 ? { ...DOWN, texts: ["So it"] } : WELL), {
      delay: 4000,
    });
    for (let nth = 0; nth < 300; nth++) world.ask();
    await world.clock.advance(120_000);
    const again = world.requests.filter(({ route }) => route === "again").map(({ at }) => at);
    assert.equal(again.length, 300);
    assert.ok(world.ends.every(({ finishReason }) => finishReason === "stop"));
    const span = (Math.max(...again) - Math.min(...again)) / 1000;
    assert.ok(busiestSecond(again) <= 2 * (300 / span), `${busiestSecond(again)} in a second of ${span}`);
  });

  it("that fails at random serves nearly all who ask, with hardly more requests than that takes", async () => {
    const random = createRandom(11);
    const world = new RetryWorld(() => (random() < 0.3 ? REFUSED : WELL), { attempts: 5 });
    await askSteadily(world, 2000, 50);
    const served = world.ends.filter(({ finishReason }) => finishReason === "stop").length;
    console.log(`      ${served} of 2000 served with ${world.requests.length} requests at 30 % failures`);
    assert.ok(served >= 1980, `${served} of 2000`);
    assert.ok(world.requests.length <= 2000 * 1.45);
  });

  it("that blocks keys after 20 refusals in 30 s, such as Venice, is not brought to that by retries", async () => {
    for (const streams of [3, 8, 12, 16]) {
      const refused = { ...REFUSED, details: { status: 503, provider: "venice" } };
      const world = new RetryWorld(() => refused, { attempts: 20, delay: 10 });
      for (let nth = 0; nth < streams; nth++) world.ask();
      await world.clock.advance(200_000);
      const times = world.requests.map(({ at }) => at);
      const worst = times.map((end) => times.filter((at) => at > end - 30_000 && at <= end).length);
      assert.ok(Math.max(...worst) < 20, `${Math.max(...worst)} with ${streams} streams`);
      assert.equal(world.ends.length, streams);
    }
  });

  it("shows that it lives to those who wait: hundreds that fail at once are all mended", async () => {
    for (const outcome of [
      DOWN,
      REFUSED,
      { ...DOWN, texts: ["So it"] },
      { ...REFUSED, fails: "rate_limit" as const },
    ]) {
      const world = new RetryWorld(({ route }) => (route === "first" ? outcome : WELL));
      await askSteadily(world, 400, 0);
      assert.ok(world.ends.every(({ finishReason }) => finishReason === "stop"));
      assert.equal(world.requests.length, 800);
      assert.equal(world.errors.length, 0);
    }
  });

  it("leaves the fallback its own budget, and is left for it at once when its own is used up", async () => {
    const world = new RetryWorld(({ route }) => (route === "fallback" ? WELL : DOWN), {
      wires: [true, true],
    });
    await askSteadily(world, 200, 100);
    assert.ok(world.ends.every(({ finishReason }) => finishReason === "stop"));
    assert.equal(world.requests.filter(({ route }) => route === "again").length, 10);
    assert.equal(world.requests.filter(({ route }) => route === "fallback").length, 200);
    const slowest = Math.max(...world.ends.map(({ stats }) => (stats as { durationMs: number }).durationMs));
    assert.ok(slowest < 3000, `${slowest} ms`);
  });
});
