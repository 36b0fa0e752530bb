import assert from "node:assert/strict";
import { Arrivals } from "../../../src/node-red/chat-stream/arrivals.js";
import { awaitStore } from "../../../src/node-red/red/context-values.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

describe("Arrivals", () => {
  it("passes messages on in order of arrival, and lets none wait for one that fails", async () => {
    const arrivals = new Arrivals();
    const passed: string[] = [];
    const pass = (name: string) => passed.push(name);
    let resolveSlow = (_name: string) => {};
    const slow = arrivals.pass(new Promise<string>((resolve) => (resolveSlow = resolve)), pass);
    const failing = arrivals.pass(Promise.reject(new Error("No.")), pass) as Promise<unknown>;
    const quick = arrivals.pass("quick", pass);
    resolveSlow("slow");
    await assert.rejects(failing, /No/);
    await Promise.all([slow, quick]);
    assert.deepEqual(passed, ["slow", "quick"]);
    assert.equal(arrivals.pass("alone", pass), 3, "at once");
  });

  it("gives a message up after 10 s, so that the next one passes", async () => {
    const clock = new FakeClock();
    const arrivals = new Arrivals();
    const passed: string[] = [];
    const lost = awaitStore(clock, new Promise<string>(() => {}), "The key could not be read");
    const hung = arrivals.pass(lost, (name) => passed.push(name)) as Promise<unknown>;
    const next = arrivals.pass("next", (name) => passed.push(name));
    const rejected = assert.rejects(hung, {
      code: "configuration",
      message: /could not be read within 10 s/,
    });
    await clock.advance(9_999);
    assert.deepEqual(passed, []);
    await clock.advance(1);
    await Promise.all([rejected, next]);
    assert.deepEqual(passed, ["next"]);
    assert.equal(clock.timerCount, 0);
  });
});
