import { Failure } from "../../core/failure.js";
import type { AskTag } from "../messages/ask-tags.js";
import type { InFlight } from "../messages/in-flight.js";
import { RequestWatch } from "../messages/request-watch.js";
import type { Done, NodeRed, RuntimeNode } from "../red/api.js";
import { isDeploying } from "../red/flow/deploys.js";
import type { NodeHost } from "../red/host.js";
import { describeWire, findWay } from "../red/wiring.js";
import { cancels } from "../runs/cancels.js";

/** How long a cancelled request has to end by itself, with what it said. */
const CANCEL_GRACE_MS = 2_000;

/** How often it is looked whether a deploy is over. */
const DEPLOY_POLL_MS = 50;

const NO_END =
  "The stream's last message is missing: the chat-stream was deployed again, or a node on the way dropped it.";

/** The node that asks. */
export interface AskingNode {
  red: NodeRed;
  node: RuntimeNode;
  host: NodeHost;
  inFlight: InFlight;
}

/**
 * What a node holds while it asks by its wires for the stream of one reader: an input that is not done, timers, a
 * watch over the request that has left, and its word to others that it works for them.
 */
export class RequestHold {
  /** Of the input that brought the latest request's last message. */
  done: Done | undefined;
  private output = 0;
  /** Whether something of the request's stream has come. */
  private hasBegun = false;
  private readonly watch: RequestWatch;
  private timer: unknown;
  private graceTimer: unknown;
  private release = () => {};
  private endWatch = () => {};

  /**
   * @param describeUntaken says that no stream came. Gets the wire by which the request left, as errors quote it
   * @param onLost called if nobody works on the request, and its stream has not ended
   */
  constructor(
    private readonly asking: AskingNode,
    describeUntaken: (wire: string) => string,
    onLost: (failure: Failure) => void,
  ) {
    const { red, node, host, inFlight } = asking;
    this.watch = new RequestWatch(host.clock, inFlight, () => {
      const text = describeUntaken(describeWire(red, node, this.output));
      onLost(this.hasBegun ? new Failure("interrupted", NO_END) : new Failure("configuration", text));
    });
  }

  /** Tells others that this node works for them. @param tags those of who asked */
  workFor(tags: readonly AskTag[]): void {
    this.release();
    this.release = this.asking.inFlight.hold(tags);
  }

  /**
   * Waits for a time. Nothing is under way until the next request leaves.
   * @param names of the reader's stream, and of those on whose behalf it is asked for
   * @param cancel called if somebody cancels them at another node, or has done so already
   */
  pause(names: readonly string[], milliseconds: number, then: () => void, cancel: () => void): void {
    this.endWatch();
    this.endWatch = cancels.watch(names, cancel);
    if (cancels.isCancelled(names)) this.wait(0, cancel);
    else this.wait(milliseconds, then);
  }

  /** Calls back at once, or after a deploy that exchanges nodes: what is sent to a node that does not exist is lost. */
  afterDeploy(then: () => void): void {
    if (isDeploying(this.asking.red)) this.wait(DEPLOY_POLL_MS, () => this.afterDeploy(then));
    else then();
  }

  /** Watches over a request that leaves, unless a node on its way may hold it for long. @param output from 0 */
  watchOver(tag: AskTag, output: number): void {
    this.endWatch();
    this.output = output;
    this.hasBegun = false;
    if (!findWay(this.asking.red, this.asking.node, output).isSlow) this.watch.start(tag);
  }

  /** Something of the request's stream has come. */
  touch(): void {
    this.hasBegun = true;
    this.watch.touch();
  }

  /** Waits for a time, and no longer for the request. */
  private wait(milliseconds: number, then: () => void): void {
    this.watch.stop();
    this.stopWait();
    this.timer = this.asking.host.clock.setTimer(then, milliseconds);
  }

  stopWait(): void {
    this.asking.host.clock.clearTimer(this.timer);
  }

  /** Gives a cancelled request some time to end by itself. */
  awaitEnd(then: () => void): void {
    this.graceTimer ??= this.asking.host.clock.setTimer(then, CANCEL_GRACE_MS);
  }

  stopTimers(): void {
    this.watch.stop();
    this.stopWait();
    this.asking.host.clock.clearTimer(this.graceTimer);
    this.graceTimer = undefined;
  }

  /** Ends the input that is not done. @returns whether there was one */
  finish(failure?: Failure): boolean {
    const { done } = this;
    this.done = undefined;
    if (done) this.asking.host.finish(done, failure);
    return done !== undefined;
  }

  /** Lets go of everything. */
  close(): void {
    this.stopTimers();
    this.endWatch();
    this.release();
    this.finish();
  }
}
