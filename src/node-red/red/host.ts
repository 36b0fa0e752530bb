import type { Clock } from "../../core/clock.js";
import { type Failure, toFailure } from "../../core/failure.js";
import type { Done, Message, NodeRed, RuntimeNode } from "./api.js";
import { copyCopyable, copyMessage } from "./message-copy.js";
import { reportError, toNodeError } from "./node-error.js";
import { feedsRetry } from "./wiring.js";

/**
 * The door through which a node reaches the runtime outside of an input: from timers, promises and sockets. Nothing that
 * a message holds (deep nesting, circles, getters, objects without a prototype) can throw through it into the runtime,
 * where it would end the process.
 */
export class NodeHost {
  /** The node's clock. What a timer throws reaches Catch. */
  readonly clock: Clock;

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    clock: Clock,
  ) {
    this.clock = {
      now: () => clock.now(),
      date: () => clock.date(),
      setTimer: (callback, milliseconds) => clock.setTimer(() => this.run(callback), milliseconds),
      clearTimer: (timer) => clock.clearTimer(timer),
      afterReads: (callback) => clock.afterReads(() => this.run(callback)),
    };
  }

  /** Runs a callback. What it throws, or its promise rejects with, reaches Catch. */
  run(callback: () => void | Promise<void>): void {
    const report = (thrown: unknown) => this.error(toFailure(thrown, "invalid_request"), {});
    try {
      const result = callback();
      if (result) result.catch(report);
    } catch (thrown) {
      report(thrown);
    }
  }

  /** Reports a failure to Catch nodes and the log; without what the runtime cannot copy of the message. */
  error(failure: Failure, message: Message): void {
    reportError(this.node, toNodeError(failure), message, (odd) => copyCopyable(this.red, odd));
  }

  /** Ends an input. A retry node behind this one repairs the failure of a stream, or reports it. */
  finish(done: Done, failure?: Failure): void {
    if (failure && !feedsRetry(this.red, this.node)) done(toNodeError(failure));
    else done();
  }

  /** Reports the failure of a stream that no input brought. A retry node behind this one has the last word. */
  report(failure: Failure, message: Message): void {
    if (!feedsRetry(this.red, this.node)) this.error(failure, message);
  }

  /** Copies a message. Values that the runtime cannot copy, such as too deep ones, are shared with the original. */
  clone(message: Message): Message {
    return copyMessage(this.red, message);
  }
}
