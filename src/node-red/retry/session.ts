import { toFailure } from "../../core/failure.js";
import type { PaidRetry } from "../../core/retry/retry-budget.js";
import { listAskerNames, type RetryTag, type RouteName } from "../messages/ask-tags.js";
import { closedStreams } from "../messages/closed-streams.js";
import type { Send } from "../red/api.js";
import { readCallNames } from "../runs/call-names.js";
import { type AskingNode, RequestHold } from "../wires/request-hold.js";
import type { RetryEffect, RetryEvent } from "./events.js";
import type { RetryRoute } from "./routes.js";
import { OUTPUT, toOutputs } from "./settings.js";
import type { RetryStream } from "./stream.js";

/** What a session reaches through its node. */
export interface RetryPorts extends AskingNode {
  /** The ways that requests take. */
  routes: Readonly<Record<RouteName, RetryRoute>>;
  /** A repair begins, or is about to get on. */
  onStep(session: RetrySession): void;
  /** Nothing more is taken of a request's stream. */
  onStop(source: string): void;
  onEnd(session: RetrySession): void;
}

/** Carries out what the machine of one stream decides: timers, sending, the budget. */
export class RetrySession {
  readonly held: RequestHold;
  /** Id of the present request's stream. */
  source = "";
  private paid: PaidRetry | undefined;
  private leaveQueue = () => {};
  private isAbandoned = false;

  constructor(
    readonly stream: RetryStream,
    /** Of the newest message. */
    public send: Send,
    private readonly ports: RetryPorts,
  ) {
    this.held = new RequestHold(ports, describeUntaken, (failure) => this.handle({ type: "lost", failure }));
  }

  /** The tag of the request that has left, until its answer begins. */
  get awaited(): RetryTag | undefined {
    const { state } = this.stream;
    return state.phase === "asked" ? state.tag : undefined;
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
    const { awaited } = this;
    if (!awaited || (request !== undefined && request !== awaited.request)) return false;
    this.held.stopTimers();
    this.handle({ type: "claimed" });
    this.held.watchOver(awaited, OUTPUT[awaited.route]);
    return true;
  }

  /** Ends a wait at once. A request that has left may still end by itself, with what it says. */
  cancel(): void {
    const { phase } = this.stream.state;
    if (phase === "waiting") this.handle({ type: "cancelled" });
    else if (phase === "asked") this.held.awaitEnd(() => this.handle({ type: "cancelled" }));
  }

  /** Lets go of everything in silence, as the node is closed. */
  abandon(): void {
    this.isAbandoned = true;
    // A request that has left is answered all the same, and the answer says whose it is.
    if (this.stream.state.phase === "waiting") closedStreams.announce(this.stream.record.id);
    this.close();
  }

  /** Lets go of everything. Nothing is sent. */
  close(): void {
    this.leaveQueue();
    this.paid?.report("failed");
    this.held.close();
  }

  private carryOutAll(effects: readonly RetryEffect[]): void {
    for (const effect of effects) {
      // What was sent may have closed the node.
      if (this.isAbandoned) return;
      this.carryOut(effect);
    }
  }

  private ask(tag: RetryTag, outputs: ReturnType<typeof toOutputs>): void {
    this.held.afterDeploy(() => {
      this.held.watchOver(tag, OUTPUT[tag.route]);
      this.send(outputs);
    });
  }

  private carryOut(effect: RetryEffect): void {
    const { ports } = this;
    const { id, outerTags, last } = this.stream.record;
    switch (effect.type) {
      case "send":
        this.send(effect.message);
        break;
      case "wait":
        // From here on the stream is this node's to bring to an end, and others know that it works on it.
        this.held.workFor(outerTags);
        this.held.pause(
          [id, ...listAskerNames(outerTags), ...(last ? readCallNames(last) : [])],
          effect.milliseconds,
          () => this.handle({ type: "due" }),
          () => this.cancel(),
        );
        ports.onStep(this);
        break;
      case "enterQueue":
        ports.onStep(this);
        this.leaveQueue = ports.routes[effect.route].enter((paid) => {
          this.paid = paid;
          this.handle({ type: paid ? "admitted" : "refused" });
        });
        break;
      case "ask":
        ports.onStep(this);
        this.ask(effect.tag, toOutputs(ports.host.clone(effect.message), effect.route));
        break;
      case "stop":
        ports.onStop(this.source);
        this.send(toOutputs({ cancel: true, parts: { id: this.source, index: 0 } }, effect.route));
        break;
      case "settle":
        ports.routes[effect.route].settle(this.paid, effect.failure);
        this.paid = undefined;
        break;
      case "done":
        this.held.finish(effect.failure);
        break;
      case "report":
        ports.host.report(effect.failure, effect.message);
        break;
      case "end":
        this.close();
        ports.onEnd(this);
    }
  }
}

/** @param wire the wire by which a request left that nobody works on */
function describeUntaken(wire: string): string {
  return `The request was sent again through ${wire}, and no chat-stream took it. Check the nodes behind that wire.`;
}
