import assert from "node:assert/strict";
import type { AskTag, RunTag } from "../../../src/node-red/messages/ask-tags.js";
import { InFlight } from "../../../src/node-red/messages/in-flight.js";
import { RequestWatch } from "../../../src/node-red/messages/request-watch.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

const TAG: RunTag = { kind: "run", node: "router", run: "run-1", round: 1 };

/** A watch that records which requests were lost, and when. */
class WatchWorld {
  readonly clock = new FakeClock();
  readonly requests = new InFlight();
  readonly lost: { tag: AskTag; at: number }[] = [];
  private readonly began = this.clock.now();
  readonly watch = new RequestWatch(this.clock, this.requests, (tag) =>
    this.lost.push({ tag, at: this.clock.now() - this.began }),
  );
}

describe("Watch over a request", () => {
  it("tells after ten seconds, once, that nobody works on the request", () => {
    const { watch, clock, lost } = new WatchWorld();
    watch.start(TAG);
    clock.run(9_999);
    assert.deepEqual(lost, []);
    clock.run(100_000);
    assert.deepEqual(lost, [{ tag: TAG, at: 10_000 }]);
    assert.equal(clock.timerCount, 0);
  });

  it("counts ten seconds from the last message of the request's stream", () => {
    const { watch, clock, lost } = new WatchWorld();
    watch.start(TAG);
    clock.run(6_000);
    watch.touch();
    clock.run(9_999);
    assert.deepEqual(lost, []);
    clock.run(1);
    assert.equal(lost.length, 1);
  });

  it("waits as long as some node works on the request, however long that takes", () => {
    const { watch, clock, requests, lost } = new WatchWorld();
    const release = requests.hold([TAG]);
    watch.start(TAG);
    clock.run(3_600_000);
    assert.deepEqual(lost, []);
    release();
    clock.run(20_000);
    assert.equal(lost.length, 1);
  });

  it("ends with stop, and a late message does not start it again", () => {
    const { watch, clock, lost } = new WatchWorld();
    watch.start(TAG);
    watch.stop();
    watch.touch();
    assert.equal(clock.timerCount, 0);
    clock.run(100_000);
    assert.deepEqual(lost, []);
  });

  it("watches the newest request only", () => {
    const { watch, clock, lost } = new WatchWorld();
    watch.start(TAG);
    clock.run(5_000);
    watch.start({ ...TAG, round: 2 });
    assert.equal(clock.timerCount, 1);
    clock.run(100_000);
    assert.deepEqual(lost, [{ tag: { ...TAG, round: 2 }, at: 15_000 }]);
  });

  it("may be started again by whoever is told", () => {
    const { clock, requests, lost } = new WatchWorld();
    const watch = new RequestWatch(clock, requests, (tag) => {
      if (lost.push({ tag, at: clock.now() }) < 3) watch.start(tag);
    });
    watch.start(TAG);
    clock.run(100_000);
    assert.equal(lost.length, 3);
  });
});
