import type { Clock } from "../../core/clock.js";
import { Failure, type FailureData } from "../../core/failure.js";
import type { SessionEnd, Sessions } from "../../core/lifecycle/sessions.js";
import type { ContinuationStyle } from "../../core/retry/continuation.js";
import { supportsPrefill } from "../../providers/index.js";
import { drawRandom, systemClock } from "../../transport/system-clock.js";
import type { Message, NodeRed, RuntimeNode } from "../red/api.js";
import { toNodeError } from "../red/node-error.js";
import { feedsRetry } from "../red/wiring.js";
import { fallback, mendingFor, type Plan, planFor } from "./plan.js";
import { requestOf } from "./request.js";
import type { RetryRoutes } from "./routes.js";
import type { HeldFailure, RetrySession } from "./session.js";
import type { RetrySettings } from "./settings.js";
import type { RetryStatus } from "./status.js";

/** Time and chance, to be given otherwise in a test. */
export interface Environment {
  clock: Clock;
  /** In [0, 1). */
  random(): number;
}

export const SYSTEM: Environment = { clock: systemClock, random: drawRandom };

/** How often those who wait for the service to show that it lives look whether it does; milliseconds. */
const LOOK_AGAIN = 100;

/** How many times they do: until a request that is under way should be over by any provider's default timeout. */
const MOST_LOOKS = 1500;

/** How long the stream of a request that has left has to come after a cancel, and to end by itself; milliseconds. */
const GRACE = 2_000;

const NOTHING_CAME =
  "The request was sent again and nothing came of it. Is the output wired back into the chat-stream, and its stream into this node?";
const TOO_MANY = "Too many streams are in repair; the oldest was given up.";
const TOO_OFTEN = "The service fails so often that it is not asked again for now.";
const UNTAGGED =
  "The request came back without msg.retry, which says whose it is. Leave that on the message on its way.";

/** A failure about which nothing is arranged yet. */
type Fresh = Omit<HeldFailure, "timer" | "due" | "looks">;

/** What a repair needs of its node. */
export interface Workshop {
  red: NodeRed;
  node: RuntimeNode;
  /** Of the node, from one deploy to the next. */
  life: string;
  settings: RetrySettings;
  surroundings: Environment;
  sessions: Sessions<RetrySession>;
  routes: RetryRoutes;
  status: RetryStatus;
}

/** What happens to a stream that has failed: the wait, the new request, or the end. */
export class RetryRepair {
  constructor(private readonly workshop: Workshop) {}

  /** Decides about a failure, which is held back until then. Its `done` is called when all is arranged. */
  failed(session: RetrySession, fresh: Fresh): void {
    const { settings, surroundings, routes } = this.workshop;
    if (session.attempts === 1) this.recognise(session);
    const plan = planFor(session, fresh.failure, settings, routes.isWired, surroundings.random());
    this.arrange(session, plan, fresh);
  }

  /** The reader's stream ends, with its one last message. */
  conclude(session: RetrySession, last: Message): void {
    session.send(this.sealed(session, last));
    this.workshop.sessions.end(session.id, "finished");
  }

  /** A session has ended: by itself, or from outside while it waited for something. */
  ended(session: RetrySession, reason: SessionEnd): void {
    const { clock } = this.workshop.surroundings;
    const { held, paid } = session;
    session.held = undefined;
    session.paid = undefined;
    paid?.report(false);
    clock.clearTimer(session.grace);
    clock.clearTimer(held?.timer);
    if (reason === "cancelled" && session.last) {
      const { error: _, ...last } = session.last;
      session.send(this.sealed(session, { ...last, finishReason: "cancelled" }));
    }
    held?.done();
    if (reason === "expired") this.abandon(session, new Failure("timeout", NOTHING_CAME));
    if (reason === "overflow") this.abandon(session, new Failure("limit", TOO_MANY));
    this.workshop.status.show();
  }

  /** Ends what has been cancelled: a wait at once; a request that has left when nothing comes of it for a while. */
  cancel(session: RetrySession): void {
    const { sessions, surroundings } = this.workshop;
    const end = () => sessions.end(session.id, "cancelled");
    if (session.held) end();
    else if (session.asked) session.grace ??= surroundings.clock.setTimer(end, GRACE);
  }

  private arrange(session: RetrySession, plan: Plan, fresh: Fresh): void {
    if ("giveUp" in plan) {
      this.giveUp(session, fresh, plan.giveUp);
      return;
    }
    const { surroundings, status } = this.workshop;
    const { clock } = surroundings;
    if (plan.route !== session.route) {
      session.route = plan.route;
      session.tries = 0;
    }
    const timer = clock.setTimer(() => this.due(session), plan.wait);
    session.held = { ...fresh, timer, due: clock.now() + plan.wait, looks: 0 };
    status.show();
  }

  /** A wait is over. A first request to the fallback is no retry, and may always be made. */
  private due(session: RetrySession): void {
    const { surroundings, routes } = this.workshop;
    const { clock } = surroundings;
    const held = session.held!;
    if (session.tries > 0) {
      const paid = held.looks++ < MOST_LOOKS ? routes.mayAsk(session.route, clock.now()) : "never";
      if (paid === "later") {
        held.timer = clock.setTimer(() => this.due(session), LOOK_AGAIN);
        return;
      }
      if (paid === "never") {
        session.held = undefined;
        this.arrange(session, fallback(session, held.failure, routes.isWired, TOO_OFTEN), held);
        return;
      }
      session.paid = paid;
    }
    session.held = undefined;
    this.ask(session, held);
  }

  /** Sends the request once more; the stream that comes of it finds its reader by the tag. */
  private ask(session: RetrySession, { failure, last, done }: Fresh): void {
    const { red, node, life, settings, sessions, routes, status } = this.workshop;
    const style = this.styleFor(session, failure);
    session.tries++;
    session.attempts++;
    const mending = mendingFor(session, settings.afterText);
    const { message, asked } = requestOf(session, { node: node.id, life }, last, mending, style);
    session.mending = mending;
    session.asked = asked;
    sessions.get(session.id);
    // What the message holds is kept here for the next time.
    session.send(routes.outputs(red.util.cloneMessage(message), session.route));
    done();
    status.show();
  }

  /** Prefill only for a service that is known to take it; who the fallback is shows when it fails. */
  private styleFor(session: RetrySession, failure: FailureData): ContinuationStyle {
    const { continueBy } = this.workshop.settings;
    if (continueBy !== "auto") return continueBy;
    return session.tries > 0 && supportsPrefill(failure.provider) ? "prefill" : "quote";
  }

  private giveUp(session: RetrySession, { failure, last, done }: Fresh, reason: string): void {
    const { code, message } = failure;
    const told = new Failure(code, reason === "" ? message : `${message} ${reason}`, {
      ...failure,
      partial: session.text,
    });
    last.error = told.toJSON();
    this.conclude(session, last);
    if (this.isOurs()) done(toNodeError(told));
    else done();
  }

  /** Whether what is given up is for this node to report: it is not where another retry node has the say after it. */
  private isOurs(): boolean {
    const { red, node } = this.workshop;
    return !feedsRetry(red, node);
  }

  /**
   * A stream may be the answer to a request of ours of which somebody has removed the tag: the `_msgid` is still that
   * of the request. It counts as one, or it would be asked for ever; and the reader who waits for it is told.
   */
  private recognise(session: RetrySession): void {
    const { sessions } = this.workshop;
    const other = sessions.list().find(({ asked }) => asked && asked.msgid === session.last?._msgid);
    if (!other) return;
    session.route = other.route;
    session.tries = other.tries;
    session.attempts = other.attempts;
    this.abandon(other, new Failure("configuration", UNTAGGED));
    sessions.end(other.id, "finished");
  }

  /** Ends a stream of which nothing more comes, where that is our affair: it was asked for by this node. */
  private abandon(session: RetrySession, failure: Failure): void {
    const { last } = session;
    if (!last) return;
    failure.partial = session.text;
    const end = this.sealed(session, {
      ...last,
      finishReason: "error",
      usage: null,
      error: failure.toJSON(),
    });
    session.send(end);
    if (this.isOurs()) this.workshop.node.error(toNodeError(failure), end);
  }

  /** A last message with what only the whole stream knows. */
  private sealed(session: RetrySession, last: Message): Message {
    if (session.attempts === 1) return last;
    const stats = session.stats.toStats(this.workshop.surroundings.clock.now(), session.requests);
    return Object.assign(last, { stats }, session.request ? { request: session.request } : {});
  }
}
