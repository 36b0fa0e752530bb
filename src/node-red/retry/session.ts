import { Failure, toFailure } from "../../core/failure.js";
import type { PaidRetry } from "../../core/retry/retry-budget.js";
import type { RetryTag, RouteName } from "../messages/ask-tags.js";
import type { InFlight } from "../messages/in-flight.js";
import { RequestWatch } from "../messages/request-watch.js";
import type { Done, Message, Send } from "../red/api.js";
import type { NodeHost } from "../red/host.js";
import type { RetryEffect, RetryEvent } from "./events.js";
import type { RetryRoutes } from "./routes.js";
import type { RetryStream } from "./stream.js";

/** How long a request that has left has to bring a stream, or to end by itself, after a cancel. */
const CANCEL_GRACE_MS = 2_000;

/** What a session reaches through its node. */
export interface RetryPorts {
  host: NodeHost;
  inFlight: InFlight;
  routes: RetryRoutes;
  ask(session: RetrySession, route: RouteName, message: Message): void;
  describeRoute(route: RouteName): string;
  /** Whether a node on the way may hold messages for long. */
  isSlow(route: RouteName): boolean;
  /** Takes nothing more of a stream, and has it stopped at its service. */
  stop(session: RetrySession, source: string, route: RouteName): void;
  onEnd(session: RetrySession): void;
  onChange(): void;
}

/** Carries out what the machine of one stream decides: timers, sending, the budget. */
export class RetrySession {
  /** Of the input that brought the last message, while its failure is held. */
  done: Done | undefined;
  /** Id of the present request's stream. */
  source = "";
  /** The `_msgid` of the request that has left. */
  requestId: string | undefined;
  private tag: RetryTag | undefined;
  private paid: PaidRetry | undefined;
  private readonly watch: RequestWatch;
  private timer: unknown;
  private graceTimer: unknown;
  private leaveTurn = () => {};
  private release = () => {};
  private isAbandoned = false;

  constructor(
    readonly stream: RetryStream,
    /** Of the newest message. */
    public send: Send,
    private readonly ports: RetryPorts,
  ) {
    this.watch = new RequestWatch(ports.host.clock, ports.inFlight, (tag) =>
      this.handle({ type: "lost", failure: this.createLostFailure(tag as RetryTag) }),
    );
  }

  /** Hands an event to the machine and does what it wants. What goes wrong there ends the stream, and nothing else. */
  handle(event: RetryEvent): void {
    if (this.isAbandoned) return;
    try {
      this.carryOutAll(this.stream.on(event));
    } catch (thrown) {
      this.carryOutAll(this.stream.on({ type: "lost", failure: toFailure(thrown, "invalid_request") }));
    }
  }

  /**
   * The answer to the request that has left begins.
   * @param request id of the request that the answer names; undefined if a flow has removed it
   * @returns false if that request is not under way
   */
  claim(request: string | undefined): boolean {
    if (this.stream.state.phase !== "asked") return false;
    if (request !== undefined && request !== this.requestId) return false;
    this.stopTimers();
    this.requestId = undefined;
    this.handle({ type: "claimed" });
    if (this.tag) this.startWatch(this.tag);
    return true;
  }

  /** A message of the present request's stream has come, in whatever order. */
  touch(): void {
    this.watch.touch();
  }

  /** Ends a wait at once. A request that has left may still end by itself, with what it says. */
  cancel(): void {
    const { phase } = this.stream.state;
    if (phase === "waiting") this.handle({ type: "cancelled" });
    else if (phase === "asked")
      this.graceTimer ??= this.ports.host.clock.setTimer(
        () => this.handle({ type: "cancelled" }),
        CANCEL_GRACE_MS,
      );
  }

  /** Lets go of everything in silence, as the node is closed. */
  abandon(): void {
    this.isAbandoned = true;
    this.close();
  }

  /** Lets go of everything. Nothing is sent. */
  close(): void {
    this.stopTimers();
    this.leaveTurn();
    this.release();
    this.paid?.report("failed");
    this.paid = undefined;
    this.finish(undefined);
  }

  private carryOutAll(effects: readonly RetryEffect[]): void {
    for (const effect of effects) {
      // What was sent may have closed the node.
      if (this.isAbandoned) return;
      this.carryOut(effect);
    }
  }

  private carryOut(effect: RetryEffect): void {
    const { ports } = this;
    switch (effect.type) {
      case "send":
        this.send(effect.message);
        break;
      case "wait":
        // From here on the stream is this node's to bring to an end, and others know that it works on it.
        this.release();
        this.release = ports.inFlight.hold(this.stream.record.outerTags);
        this.watch.stop();
        this.timer = ports.host.clock.setTimer(() => this.handle({ type: "due" }), effect.milliseconds);
        ports.onChange();
        break;
      case "enterTurn":
        this.leaveTurn = ports.routes[effect.route].enter((paid) => {
          this.paid = paid;
          this.handle({ type: paid ? "admitted" : "refused" });
        });
        ports.onChange();
        break;
      case "ask":
        this.tag = effect.tag;
        this.requestId = effect.message._msgid;
        this.startWatch(effect.tag);
        ports.ask(this, effect.route, effect.message);
        ports.onChange();
        break;
      case "stop":
        ports.stop(this, this.source, effect.route);
        break;
      case "settle": {
        const { paid } = this;
        this.paid = undefined;
        ports.routes[effect.route].settle(paid, effect.failure);
        break;
      }
      case "done":
        this.finish(effect.failure);
        break;
      case "report":
        ports.host.report(effect.failure, effect.message);
        break;
      case "end":
        this.close();
        ports.onEnd(this);
    }
  }

  private startWatch(tag: RetryTag): void {
    if (!this.ports.isSlow(tag.route)) this.watch.start(tag);
  }

  private createLostFailure({ route }: RetryTag): Failure {
    if (this.stream.state.phase === "passing") {
      return new Failure(
        "interrupted",
        "The stream's last message is missing: the chat-stream was deployed again, or a node on the way dropped it.",
      );
    }
    const wire = this.ports.describeRoute(route);
    return new Failure(
      "configuration",
      `The request was sent again by ${wire}, and no chat-stream took it. Check the nodes behind that wire.`,
    );
  }

  private stopTimers(): void {
    const { clock } = this.ports.host;
    this.watch.stop();
    clock.clearTimer(this.timer);
    clock.clearTimer(this.graceTimer);
    this.timer = this.graceTimer = undefined;
  }

  private finish(failure: Failure | undefined): void {
    const { done } = this;
    this.done = undefined;
    if (done) this.ports.host.finish(done, failure);
  }
}
