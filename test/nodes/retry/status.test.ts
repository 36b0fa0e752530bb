import assert from "node:assert/strict";
import sinon from "sinon";
import { Sessions } from "../../../src/core/lifecycle/sessions.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";
import { type HeldFailure, RetrySession } from "../../../src/node-red/retry/session.js";
import { RetryStatus } from "../../../src/node-red/retry/status.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

describe("The status of a retry node", () => {
  let timers: sinon.SinonFakeTimers;
  let shown: NodeStatus[];
  let status: RetryStatus;
  let session: RetrySession;
  beforeEach(() => {
    timers = sinon.useFakeTimers();
    shown = [];
    const clock = Object.assign(new FakeClock(), { now: () => timers.now });
    const sessions = new Sessions<RetrySession>({ maxOpen: 10, clock, onEnd: () => {} });
    session = new RetrySession("s", undefined, () => {});
    sessions.open("s", session);
    const node = { status: (one: NodeStatus) => shown.push(one) } as unknown as RuntimeNode;
    const words = (key: string, { attempt, attempts, seconds }: Record<string, unknown>) =>
      `${key.replace("retry.status.", "")} ${attempt}/${attempts} ${seconds}`;
    status = new RetryStatus({ _: words } as unknown as NodeRed, node, clock, 4, sessions);
  });
  afterEach(() => {
    timers.restore();
  });

  const held = (milliseconds: number): HeldFailure =>
    ({ due: timers.now + milliseconds, looks: 0 }) as unknown as HeldFailure;
  const texts = () => shown.map(({ text }) => text);

  it("counts down the wait, and stops when the wait is over", () => {
    session.held = held(3_400);
    status.show();
    timers.tick(3_399);
    assert.deepEqual(
      texts(),
      [4, 3, 2, 1].map((seconds) => `again-waiting 2/4 ${seconds}`),
    );
    session.held = undefined;
    session.tries = session.attempts = 2;
    status.show();
    timers.tick(10_000);
    assert.equal(texts().at(-1), "again-asking 2/4 0");
    assert.equal(shown.length, 5);
    assert.equal(timers.countTimers(), 0);
  });

  it("leaves no timer when it is closed", () => {
    session.held = held(3_400);
    status.show();
    timers.tick(500);
    status.close();
    assert.equal(timers.countTimers(), 0);
  });

  it("shows that a stream waits for the trial requests of others once its own wait is over", () => {
    session.route = "fallback";
    session.held = held(500);
    status.show();
    timers.tick(400);
    session.held.looks = 1;
    timers.tick(2_000);
    assert.deepEqual(texts(), ["fallback-waiting 2/4 1", "fallback-looking 2/4 0"]);
  });
});
