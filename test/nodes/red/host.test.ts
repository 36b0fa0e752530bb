import assert from "node:assert/strict";
import { Failure } from "../../../src/core/failure.js";
import type { Message, NodeRed, RuntimeNode } from "../../../src/node-red/red/api.js";
import { NodeHost } from "../../../src/node-red/red/host.js";
import { waitTicks } from "../../support/waiting.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

/** A host with a clock and a runtime that record what happens; the runtime throws for messages that are unclonable. */
class HostWorld {
  readonly clock = new FakeClock();
  readonly errors: { code: string; message: Message }[] = [];
  readonly host: NodeHost;

  constructor() {
    const refuse = (message: Message) => {
      if (message["isUnclonable"]) throw new Error("cannot be cloned");
    };
    const node = {
      error: (error: { code: string }, message: Message) => {
        refuse(message);
        this.errors.push({ code: error.code, message });
      },
    };
    const cloneMessage = (message: Message) => {
      refuse(message);
      return structuredClone(message);
    };
    const red = { util: { cloneMessage } };
    this.host = new NodeHost(red as unknown as NodeRed, node as unknown as RuntimeNode, this.clock);
  }
}

const throwOops = () => {
  throw new Error("oops");
};

describe("Host of a node", () => {
  it("reports what a timer or a callback after reads throws, and never lets it into the runtime", async () => {
    const { host, clock, errors } = new HostWorld();
    host.clock.setTimer(throwOops, 10);
    host.clock.afterReads(() => {
      throw new Failure("limit", "too much");
    });
    clock.run(10);
    await waitTicks();
    assert.deepEqual(
      errors.map(({ code }) => code),
      ["invalid_request", "limit"],
    );
  });

  it("reports what a promise of a callback rejects with", async () => {
    const { host, errors } = new HostWorld();
    host.run(async () => throwOops());
    assert.equal(errors.length, 0);
    await waitTicks();
    assert.equal(errors.length, 1);
  });

  it("has the time of the clock, and cancels timers", () => {
    const { host, clock } = new HostWorld();
    assert.deepEqual([host.clock.now(), host.clock.date()], [clock.now(), clock.date()]);
    host.clock.clearTimer(host.clock.setTimer(throwOops, 10));
    assert.equal(clock.timerCount, 0);
  });

  it("reports a failure with its message, or only with its id if the message cannot be copied", () => {
    const { host, errors } = new HostWorld();
    const failure = new Failure("limit", "too much");
    host.error(failure, { _msgid: "1", payload: "a" });
    host.error(failure, { _msgid: "1", isUnclonable: true });
    host.error(failure, { isUnclonable: true });
    assert.deepEqual(
      errors.map(({ message }) => message),
      [{ _msgid: "1", payload: "a" }, { _msgid: "1" }, {}],
    );
  });

  it("copies a message deeply, or only its outside if the runtime cannot copy it", () => {
    const { host } = new HostWorld();
    const deep = { payload: { a: 1 } };
    assert.deepEqual(host.clone(deep), deep);
    assert.notEqual(host.clone(deep).payload, deep.payload);
    const shared: Message = { payload: { a: 1 }, isUnclonable: true };
    const copy = host.clone(shared);
    assert.notEqual(copy, shared);
    assert.equal(copy.payload, shared.payload);
  });
});
