import assert from "node:assert/strict";
import sinon from "sinon";
import type { NodeRed, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";
import { StreamRecord } from "../../../src/node-red/retry/record.js";
import { RetryStatus } from "../../../src/node-red/retry/status.js";
import type { RetryState } from "../../../src/node-red/retry/stream.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

describe("The status of a retry node", () => {
  let timers: sinon.SinonFakeTimers;
  let shown: NodeStatus[];
  let status: RetryStatus;
  let stream: { record: StreamRecord; state: RetryState };
  beforeEach(() => {
    timers = sinon.useFakeTimers();
    shown = [];
    const clock = Object.assign(new FakeClock(), { now: () => timers.now });
    stream = { record: new StreamRecord("s", []), state: { phase: "ended" } };
    const node = { status: (one: NodeStatus) => shown.push(one) } as unknown as RuntimeNode;
    const words = (key: string, { attempt, attempts, seconds }: Record<string, unknown>) =>
      `${key.replace("retry.status.", "")} ${attempt}/${attempts} ${seconds}`;
    status = new RetryStatus({ _: words } as unknown as NodeRed, node, clock, 4, () => [stream]);
  });
  afterEach(() => {
    timers.restore();
  });

  const wait = (milliseconds: number, isQueued = false) => {
    stream.state = { phase: "waiting", dueAt: timers.now + milliseconds, isQueued } as unknown as RetryState;
  };
  const texts = () => shown.map(({ text }) => text);

  it("counts down the wait, and stops when the wait is over", () => {
    wait(3_400);
    status.show();
    timers.tick(3_399);
    assert.deepEqual(
      texts(),
      [4, 3, 2, 1].map((seconds) => `again-waiting 2/4 ${seconds}`),
    );
    stream.state = { phase: "asked" } as unknown as RetryState;
    stream.record.routeAttempts = stream.record.attempts = 2;
    status.show();
    timers.tick(10_000);
    assert.equal(texts().at(-1), "again-asking 2/4 0");
    assert.equal(shown.length, 5);
    assert.equal(timers.countTimers(), 0);
  });

  it("leaves no timer when it is closed", () => {
    wait(3_400);
    status.show();
    timers.tick(500);
    status.close();
    assert.equal(timers.countTimers(), 0);
  });

  it("shows that a stream waits for the trial requests of others once its own wait is over", () => {
    stream.record.route = "fallback";
    wait(500);
    status.show();
    timers.tick(400);
    wait(100, true);
    timers.tick(2_000);
    assert.deepEqual(texts(), ["fallback-waiting 2/4 1", "fallback-looking 2/4 0"]);
  });
});
