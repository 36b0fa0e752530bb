import { Failure, type FailureData } from "../../core/failure.js";
import { type RetryTag, type RouteName, readTags, selectTagsOutside } from "../messages/ask-tags.js";
import { readFailure, readRestarts, type StreamMessage } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";
import { Attempt, UnclearOverlap } from "./attempt.js";
import { type Plan, type PlanContext, planFallback, planNext, type Recovery } from "./plan.js";
import { collectText, createStreamRecord, noteEnd, noteFailure, type StreamRecord } from "./record.js";
import { composeRetryRequest, type RetryRequest } from "./request.js";

/** A failure that is held back until another request leaves or nothing helps. */
interface HeldFailure {
  failure: FailureData;
  /** The failed request's last message, in its place of the reader's stream. */
  last: Message;
}

/** Where a stream stands. */
export type RetryState =
  /** Messages of a request arrive. */
  | { phase: "passing"; attempt: Attempt }
  /** A failure is held until `dueAt`; from then on the request waits for its turn. */
  | {
      phase: "waiting";
      held: HeldFailure;
      next: Exclude<Plan, { giveUp: string }>;
      dueAt: number;
      inTurn: boolean;
    }
  /** A request has left, and nothing has come back yet. */
  | { phase: "asked"; request: RetryRequest }
  | { phase: "ended" };

export type RetryEvent =
  /** A message of the present request, in order. */
  | { type: "message"; message: StreamMessage }
  /** The present request's stream began again at its source. */
  | { type: "restarted"; message: StreamMessage }
  | { type: "last"; message: StreamMessage }
  /** The answer of the request that has left begins. */
  | { type: "claimed" }
  /** The wait is over. */
  | { type: "due" }
  /** The route lets the retry pass, or refuses it. */
  | { type: "admitted" }
  | { type: "refused" }
  | { type: "cancelled" }
  /** The stream cannot go on: nobody answers, messages are missing, or the node is full. */
  | { type: "lost"; failure: Failure };

/** What the shell does for a stream, in this order. */
export type RetryEffect =
  | { type: "send"; message: Message }
  | { type: "ask"; route: RouteName; message: Message; tag: RetryTag }
  /** Stops the service that streams the present request. */
  | { type: "stop" }
  | { type: "wait"; milliseconds: number }
  | { type: "enterTurn"; route: RouteName }
  /** The present request is answered, or has failed. */
  | { type: "settle"; route: RouteName; failure: FailureData | undefined }
  /** The input that brought the last message is done. */
  | { type: "done"; failure?: Failure }
  | { type: "report"; failure: Failure; message: Message }
  | { type: "end" };

/** What the machine asks of its surroundings. */
export interface RetryContext extends Omit<PlanContext, "random"> {
  asker: Pick<RetryTag, "node" | "deployId">;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  random(): number;
}

const TOO_OFTEN = "The service fails so often that it is not asked again for now.";
const UNCLEAR =
  "The model was asked to continue its answer, and nobody can tell whether it repeats its words or means them.";

/** One stream as its reader sees it, over all the requests that it takes: a state machine without timers and sockets. */
export class RetryStream {
  readonly record: StreamRecord;
  private current: RetryState;
  private effects: RetryEffect[] = [];
  private recovery: Recovery | undefined;

  /**
   * @param first the message of it that this node saw first
   * @param resumed the tag of its request, if an earlier life of the node has sent it
   */
  constructor(
    private readonly first: StreamMessage,
    private readonly context: RetryContext,
    resumed?: RetryTag,
  ) {
    const { parts } = first;
    const outerTags = resumed ? selectTagsOutside(readTags(first), resumed.node) : readTags(first);
    this.record = createStreamRecord(resumed?.stream ?? parts.id, outerTags);
    const willRestart = resumed !== undefined && resumed.messagesSent === undefined && parts.index === 0;
    if (resumed) this.resume(resumed, willRestart);
    else this.record.restarts = readRestarts(first);
    this.current = { phase: "passing", attempt: this.createAttempt(resumed, willRestart) };
  }

  get state(): Readonly<RetryState> {
    return this.current;
  }

  /** Takes what happened. @returns what to do about it */
  on(event: RetryEvent): RetryEffect[] {
    this.effects = [];
    this.handle(event);
    return this.effects;
  }

  private handle(event: RetryEvent): void {
    const state = this.current;
    if (state.phase === "ended") return;
    if (event.type === "cancelled") this.cancel(state);
    else if (event.type === "lost") this.lose(state, event.failure);
    else if (state.phase === "passing") this.handleWhilePassing(state.attempt, event);
    else if (state.phase === "waiting") this.handleWhileWaiting(state, event);
    else if (event.type === "claimed") this.claim(state.request);
  }

  private handleWhilePassing(attempt: Attempt, event: RetryEvent): void {
    try {
      if (event.type === "message") {
        if (!attempt.started) this.settle(undefined);
        attempt.pass(event.message);
      } else if (event.type === "restarted") attempt.beginAgain(event.message);
      else if (event.type === "last") this.endAttempt(attempt, event.message);
    } catch (thrown) {
      if (!(thrown instanceof UnclearOverlap)) throw thrown;
      this.startOver(event.type === "last");
    }
  }

  private endAttempt(attempt: Attempt, message: StreamMessage): void {
    const { record, context } = this;
    const failure = readFailure(message);
    if (!attempt.started || failure) this.settle(failure);
    // A request that was cancelled or failed before it said anything takes nothing away from the reader.
    if (failure ? failure.partial !== "" : message.finishReason !== "cancelled") attempt.begin(message);
    const last = attempt.placeLast(message);
    noteEnd(record, last, attempt.repeated, context.now());
    if (!failure) {
      this.conclude(last, { type: "done" });
      return;
    }
    noteFailure(record, last, failure, attempt.repeated);
    this.plan({ failure, last });
  }

  private plan(held: HeldFailure): void {
    const { record, context, recovery } = this;
    const random = context.random();
    this.follow(planNext(record, held.failure, recovery, { ...context, random }), held);
  }

  private follow(plan: Plan, held: HeldFailure): void {
    if ("giveUp" in plan) {
      this.giveUp(held, plan.giveUp);
      return;
    }
    const { record, context } = this;
    if (plan.route !== record.route) {
      record.route = plan.route;
      record.tries = 0;
    }
    this.current = { phase: "waiting", held, next: plan, dueAt: context.now() + plan.waitMs, inTurn: false };
    this.push({ type: "wait", milliseconds: plan.waitMs });
  }

  private handleWhileWaiting(state: RetryState & { phase: "waiting" }, event: RetryEvent): void {
    const { record, context } = this;
    const { held } = state;
    if (event.type === "due") {
      state.inTurn = true;
      // The first request to the fallback is not a retry, and is always allowed.
      if (record.tries > 0) this.push({ type: "enterTurn", route: record.route });
      else this.ask(held, state.next.recovery);
    } else if (event.type === "admitted") this.ask(held, state.next.recovery);
    else if (event.type === "refused") {
      const plan = planFallback(record, held.failure, TOO_OFTEN, { ...context, random: 0 });
      this.follow(plan, held);
    }
  }

  private ask({ last }: HeldFailure, recovery: Recovery): void {
    const { record, context } = this;
    record.tries++;
    record.attempts++;
    record.recovery = recovery.mode;
    this.recovery = recovery;
    const request = composeRetryRequest(record, context.asker, last, recovery);
    this.current = { phase: "asked", request };
    const { message, tag } = request;
    this.push({ type: "ask", route: record.route, message, tag }, { type: "done" });
  }

  private claim({ tag, continues }: RetryRequest): void {
    const restarts = this.record.recovery === "restart";
    const attempt = this.createAttempt({ ...tag, ...(continues ? { continues } : {}) }, restarts);
    this.current = { phase: "passing", attempt };
  }

  /** The model's continuation cannot be used: the answer is asked for from its beginning. */
  private startOver(hasEnded: boolean): void {
    const { record, context } = this;
    const failure = new Failure("interrupted", UNCLEAR, { partial: collectText(record), phase: "streaming" });
    const held = { failure: failure.toJSON(), last: record.last! };
    if (!hasEnded) this.push({ type: "stop" });
    const plan = planNext(record, held.failure, undefined, { ...context, random: 0 });
    const restart: Recovery = { mode: "restart", style: "quote" };
    this.follow("giveUp" in plan ? plan : { ...plan, waitMs: 0, recovery: restart }, held);
  }

  /** A wait ends at once; a request that has left is given some time to end by itself, which the shell measures. */
  private cancel(state: RetryState): void {
    const last = state.phase === "waiting" ? state.held.last : this.record.last;
    if (state.phase === "passing" || !last) return;
    const { error: _, ...ending } = last;
    this.conclude({ ...ending, finishReason: "cancelled" }, { type: "done" });
  }

  private giveUp({ failure, last }: HeldFailure, reason: string): void {
    const message = reason === "" ? failure.message : `${failure.message} ${reason}`;
    const final = new Failure(failure.code, message, { ...failure, partial: collectText(this.record) });
    this.conclude({ ...last, error: final.toJSON() }, { type: "done", failure: final });
  }

  /** Ends a stream of which nothing more comes. */
  private lose(state: RetryState, failure: Failure): void {
    const { record } = this;
    const attempt = state.phase === "passing" ? state.attempt : undefined;
    failure.partial = collectText(record) + (attempt?.text ?? "");
    if (state.phase !== "waiting") this.settle(failure.toJSON());
    const last = attempt?.createEnding(this.first) ?? record.last!;
    const ending: Message = { ...last, finishReason: "error", usage: null, error: failure.toJSON() };
    this.conclude(ending, { type: "done" }, { type: "report", failure, message: ending });
  }

  /** Sends the one last message of the reader's stream, and says what else its end means. */
  private conclude(last: Message, ...more: RetryEffect[]): void {
    this.current = { phase: "ended" };
    this.push({ type: "send", message: this.complete(last) }, ...more, { type: "end" });
  }

  /** Adds what only the whole stream knows to its last message. */
  private complete(last: Message): Message {
    const { attempts, nestedAttempts, stats, request } = this.record;
    if (attempts === 1) return last;
    const total = stats.toStats(this.context.now(), attempts + nestedAttempts);
    return Object.assign(last, { stats: total }, request ? { request } : {});
  }

  private settle(failure: FailureData | undefined): void {
    this.push({ type: "settle", route: this.record.route, failure });
  }

  private createAttempt(tag: RetryTag | undefined, restarts = false): Attempt {
    const start = tag && { restarts, continues: tag.continues };
    return new Attempt(this.record, start, (message) => this.push({ type: "send", message }));
  }

  private resume(tag: RetryTag, willRestart: boolean): void {
    const { record } = this;
    record.attempts = 2;
    record.route = tag.route === "fallback" ? "fallback" : "again";
    record.messagesSent = Number(tag.messagesSent) || 0;
    record.restarts = Math.max(0, (Number(tag.restarts) || 0) - (willRestart ? 1 : 0));
    record.continues = tag.continues;
    // What was said before is gone, except the white space that the model was not told of.
    record.currentText = tag.continues?.echo ?? "";
  }

  private push(...effects: RetryEffect[]): void {
    this.effects.push(...effects);
  }
}
