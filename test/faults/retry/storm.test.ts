import assert from "node:assert/strict";
import { createRandom } from "../../support/services/toxics.js";
import { type Outcome, RetryWorld } from "../../support/worlds/retry-world.js";

const DOWN: Outcome = { takesMs: 20, fails: "connection" };
const REFUSED: Outcome = { takesMs: 20, fails: "server_error", details: { status: 503 } };
const SUCCEEDS: Outcome = { takesMs: 50, texts: ["Hello", " world"] };

/** Asks questions, one every `intervalMs`, and waits until all streams have ended. */
async function askSteadily(world: RetryWorld, questions: number, intervalMs: number): Promise<void> {
  for (let nth = 0; nth < questions; nth++) {
    world.ask({ payload: `${nth}`, _msgid: `${nth}` });
    if (intervalMs > 0) await world.clock.advance(intervalMs);
  }
  await world.clock.advance(300_000);
  assert.equal(world.ends.length, questions, "each stream has one last message");
  assert.equal(new Set(world.ends.map(({ parts }) => parts!.id)).size, questions);
  assert.equal(world.done, world.got);
  assert.equal(world.clock.timerCount, 0, "no timer is left");
}

/** Counts the requests in the busiest second. */
function countInBusiestSecond(times: readonly number[]): number {
  const sorted = [...times].sort((one, other) => one - other);
  let [max, from] = [0, 0];
  for (const [to, time] of sorted.entries()) {
    while (sorted[from]! <= time - 1000) from++;
    max = Math.max(max, to - from + 1);
  }
  return max;
}

describe("Service that fails", () => {
  for (const [kind, outcome] of [
    ["unreachable", DOWN],
    ["refusing", REFUSED],
  ] as const) {
    it(`Y02: gets at most 10 extra requests for 10,000 messages one after another while it is ${kind}`, async () => {
      const world = new RetryWorld(() => outcome);
      await askSteadily(world, 10_000, 10);
      console.log(`      ${world.requests.length} requests for 10,000 messages`);
      assert.ok(world.requests.length <= 10_000 + 10);
      assert.equal(world.errors.length, 10_000);
    });

    it(`Y02: gets at most 10 extra requests for 100 messages at the same time while it is ${kind}`, async () => {
      const world = new RetryWorld(() => outcome);
      await askSteadily(world, 100, 0);
      assert.ok(world.requests.length <= 110, `${world.requests.length} requests`);
      assert.match(world.errors.at(-1)!.message, /fails so often/);
    });
  }

  it("Y02: gets retries again after it has answered", async () => {
    let isUp = false;
    const world = new RetryWorld(() => (isUp ? SUCCEEDS : DOWN));
    await askSteadily(world, 100, 100);
    assert.equal(world.requests.length, 110);
    isUp = true;
    for (let nth = 0; nth < 100; nth++) {
      world.ask();
      await world.clock.advance(100);
    }
    isUp = false;
    world.ask({ payload: "again" });
    await world.clock.advance(60_000);
    assert.equal(world.requests.slice(210).length, 3, "one request and two retries");
  });

  it("Y03: gets a successful request soon after it is back, without a burst of waiting requests", async () => {
    const world = new RetryWorld(({ at }) => (at < 60_000 ? REFUSED : SUCCEEDS), { attempts: 5 });
    for (let nth = 0; nth < 1200; nth++) {
      world.ask();
      await world.clock.advance(100);
    }
    await world.clock.advance(60_000);
    const afterRecovery = world.requests.filter(({ at }) => at >= 60_000).map(({ at }) => at);
    assert.ok(afterRecovery[0]! - 60_000 <= 20_500, `first success after ${afterRecovery[0]! - 60_000} ms`);
    const busiest = countInBusiestSecond(world.requests.map(({ at }) => at));
    console.log(
      `      first success ${afterRecovery[0]! - 60_000} ms after recovery; busiest second ${busiest} at 10/s`,
    );
    assert.ok(busiest <= 20, `${busiest} requests in a second, 10 on average`);
    assert.equal(world.ends.length, 1200);
    assert.ok(world.ends.slice(-590).every(({ finishReason }) => finishReason === "stop"));
  });

  it("Y03: gets retries spread over time if many streams fail at the same moment", async () => {
    // The network broke for 300 readers at the same moment. The service works.
    let brokenCount = 300;
    const world = new RetryWorld(() => (brokenCount-- > 0 ? { ...DOWN, texts: ["So it"] } : SUCCEEDS), {
      delay: 4000,
    });
    for (let nth = 0; nth < 300; nth++) world.ask();
    await world.clock.advance(120_000);
    const again = world.requests.filter(({ route }) => route === "again").map(({ at }) => at);
    assert.equal(again.length, 300);
    assert.ok(world.ends.every(({ finishReason }) => finishReason === "stop"));
    const span = (Math.max(...again) - Math.min(...again)) / 1000;
    assert.ok(
      countInBusiestSecond(again) <= 2 * (300 / span),
      `${countInBusiestSecond(again)} in a second of ${span}`,
    );
  });

  it("answers nearly all questions with few extra requests while 30 % of the requests fail", async () => {
    const random = createRandom(11);
    const world = new RetryWorld(() => (random() < 0.3 ? REFUSED : SUCCEEDS), { attempts: 5 });
    await askSteadily(world, 2000, 50);
    const served = world.ends.filter(({ finishReason }) => finishReason === "stop").length;
    console.log(`      ${served} of 2000 served with ${world.requests.length} requests at 30 % failures`);
    assert.ok(served >= 1980, `${served} of 2000`);
    assert.ok(world.requests.length <= 2000 * 1.45);
  });

  it("gets fewer than 20 failing requests in 30 s, after which Venice would block the key", async () => {
    for (const streams of [3, 8, 12, 16]) {
      const refused = { ...REFUSED, details: { status: 503, provider: "venice" } };
      const world = new RetryWorld(() => refused, { attempts: 20, delay: 10 });
      for (let nth = 0; nth < streams; nth++) world.ask();
      await world.clock.advance(200_000);
      const times = world.requests.map(({ at }) => at);
      const counts = times.map((end) => times.filter((at) => at > end - 30_000 && at <= end).length);
      assert.ok(Math.max(...counts) < 20, `${Math.max(...counts)} with ${streams} streams`);
      assert.equal(world.ends.length, streams);
    }
  });

  it("answers hundreds of streams that failed at the same time once it works", async () => {
    for (const outcome of [
      DOWN,
      REFUSED,
      { ...DOWN, texts: ["So it"] },
      { ...REFUSED, fails: "rate_limit" as const },
    ]) {
      const world = new RetryWorld(({ route }) => (route === "first" ? outcome : SUCCEEDS));
      await askSteadily(world, 400, 0);
      assert.ok(world.ends.every(({ finishReason }) => finishReason === "stop"));
      assert.equal(world.requests.length, 800);
      assert.equal(world.errors.length, 0);
    }
  });

  it("is replaced by the fallback at once when its budget of retries is used up, and the fallback has its own", async () => {
    const world = new RetryWorld(({ route }) => (route === "fallback" ? SUCCEEDS : DOWN), {
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
