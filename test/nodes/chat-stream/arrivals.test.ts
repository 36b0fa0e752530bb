import assert from "node:assert/strict";
import { Arrivals } from "../../../src/node-red/chat-stream/arrivals.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

describe("Messages that take their time to be ready", () => {
  it("go on in the order in which they came, and one that fails holds nobody up", async () => {
    const arrivals = new Arrivals(new FakeClock());
    const gone: string[] = [];
    const go = (name: string) => gone.push(name);
    let tell = (_name: string) => {};
    const slow = arrivals.pass(new Promise<string>((resolve) => (tell = resolve)), go);
    const wrong = arrivals.pass(Promise.reject(new Error("No.")), go) as Promise<unknown>;
    const quick = arrivals.pass("quick", go);
    tell("slow");
    await assert.rejects(wrong, /No/);
    await Promise.all([slow, quick]);
    assert.deepEqual(gone, ["slow", "quick"]);
    assert.equal(arrivals.pass("alone", go), 3, "at once");
  });

  it("are given up after ten seconds, so that the next goes on", async () => {
    const clock = new FakeClock();
    const arrivals = new Arrivals(clock);
    const gone: string[] = [];
    const hung = arrivals.pass(new Promise<string>(() => {}), (name) => gone.push(name)) as Promise<unknown>;
    const next = arrivals.pass("next", (name) => gone.push(name));
    const told = assert.rejects(hung, { code: "configuration", message: /could not be read within 10 s/ });
    await clock.advance(9_999);
    assert.deepEqual(gone, []);
    await clock.advance(1);
    await Promise.all([told, next]);
    assert.deepEqual(gone, ["next"]);
    assert.equal(clock.waiting, 0);
  });
});
