import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { RunTag } from "../../../src/node-red/messages/ask-tags.js";
import { InFlight } from "../../../src/node-red/messages/in-flight.js";
import type { NodeRed, RuntimeNode } from "../../../src/node-red/red/api.js";
import { watchDeploys } from "../../../src/node-red/red/flow/deploys.js";
import { NodeHost } from "../../../src/node-red/red/host.js";
import { cancels } from "../../../src/node-red/runs/cancels.js";
import { RequestHold } from "../../../src/node-red/wires/request-hold.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

const tag = (run: string): RunTag => ({ kind: "run", node: "router", run, round: 1 });

describe("What a node holds while it asks by its wires", () => {
  const events = new EventEmitter();
  let clock: FakeClock;
  let inFlight: InFlight;
  let hold: RequestHold;

  beforeEach(() => {
    clock = new FakeClock();
    inFlight = new InFlight();
    const node = { id: "n", type: "retry", wires: [[]], error: () => {} } as unknown as RuntimeNode;
    const red = { nodes: { getNode: () => node }, events } as unknown as NodeRed;
    watchDeploys(red);
    const host = new NodeHost(red, node, clock);
    hold = new RequestHold(
      { red, node, host, inFlight },
      (wire) => wire,
      () => {},
    );
  });
  afterEach(() => {
    hold.close();
    assert.equal(clock.timerCount, 0);
  });

  it("works for those who asked last, and no longer for those before", () => {
    hold.workFor([tag("first")]);
    hold.workFor([tag("second")]);
    assert.deepEqual([inFlight.isHeld(tag("first")), inFlight.isHeld(tag("second"))], [false, true]);
    hold.close();
    assert.equal(inFlight.isHeld(tag("second")), false);
  });

  it("is cancelled by the names of its present wait only", async () => {
    const cancelled: string[] = [];
    hold.pause(["hold-first"], 1_000, assert.fail, () => cancelled.push("first"));
    hold.pause(["hold-second"], 1_000, assert.fail, () => cancelled.push("second"));
    cancels.cancel("hold-first");
    assert.deepEqual(cancelled, []);
    cancels.cancel("hold-second");
    assert.deepEqual(cancelled, ["second"]);
    hold.stopTimers();
  });

  it("is cancelled by no name once its request has left", () => {
    hold.pause(["hold-left"], 1_000, assert.fail, assert.fail);
    hold.watchOver(tag("run"), 0);
    cancels.cancel("hold-left");
  });

  it("waits for a deploy that exchanges nodes, however long it takes", async () => {
    let hasAsked = false;
    events.emit("flows:stopping");
    hold.afterDeploy(() => {
      hasAsked = true;
    });
    await clock.advance(500);
    assert.equal(hasAsked, false);
    events.emit("flows:started");
    await clock.advance(50);
    assert.equal(hasAsked, true);
  });
});
