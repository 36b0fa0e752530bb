import { Failure, type FailureData, toFailure } from "../../core/failure.js";
import { type RetryTag, readTags, replaceTags, selectTagsOutside } from "../messages/ask-tags.js";
import { copyParts, inheritProperties } from "../messages/inherited-properties.js";
import { readFailure, readRestarts, type StreamMessage, writeRestarts } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";
import { Attempt, UnclearOverlap } from "./attempt.js";
import type { RetryEffect, RetryEvent } from "./events.js";
import { type Plan, type PlanContext, planFallback, planNext } from "./plan.js";
import { type Recovery, StreamRecord } from "./record.js";
import { composeRetryRequest } from "./request.js";

/** Where a stream stands. */
export type RetryState =
  /** Messages of a request arrive. */
  | { phase: "passing"; attempt: Attempt }
  /** A failure is held until `dueAt`; from then on the request waits in the queue of its route. */
  | {
      phase: "waiting";
      failure: FailureData;
      recovery: Recovery;
      dueAt: number;
      isQueued: boolean;
    }
  /** A request has left, and nothing has come back yet. */
  | { phase: "asked"; tag: RetryTag }
  | { phase: "ended" };

/** What the machine asks of its surroundings. */
export interface RetryContext extends PlanContext {
  asker: Pick<RetryTag, "node" | "deployId">;
  /** Milliseconds of a monotonic clock. */
  now(): number;
}

const TOO_OFTEN = "The service fails so often that requests are not repeated for now.";
const UNCLEAR = "The continuation is unclear: the model may repeat its last words, or mean them.";

/** One stream as its reader sees it, over all the requests that it takes: a state machine without timers and sockets. */
export class RetryStream {
  readonly record: StreamRecord;
  private current: RetryState;
  private effects: RetryEffect[] = [];
  /** What a last message is made of before a request has failed. A copy: the reader may change what was sent. */
  private readonly base: StreamMessage;

  /**
   * @param first the message of it that this node saw first
   * @param resumed the tag of its request, if an earlier life of the node has sent it
   */
  constructor(
    first: StreamMessage,
    private readonly context: RetryContext,
    resumed?: RetryTag,
  ) {
    const { parts } = first;
    const outerTags = resumed ? selectTagsOutside(readTags(first), resumed.node) : readTags(first);
    const failed = { payload: "", complete: true, finishReason: "error", usage: null };
    this.base = { ...inheritProperties(first), ...failed, parts: copyParts(parts)! };
    this.record = new StreamRecord(resumed?.stream ?? parts.id, outerTags);
    if (resumed) this.record.noteResumption(resumed);
    else this.record.restarts = readRestarts(first);
    this.current = this.createPassing(resumed);
  }

  get state(): Readonly<RetryState> {
    return this.current;
  }

  /** Takes what happened. @returns what to do about it */
  on(event: RetryEvent): RetryEffect[] {
    this.effects = [];
    try {
      this.handle(event);
    } catch (thrown) {
      this.lose(toFailure(thrown, "invalid_request"));
    }
    return this.effects;
  }

  private handle(event: RetryEvent): void {
    const state = this.current;
    if (state.phase === "ended") return;
    if (event.type === "cancelled") this.cancel(state);
    else if (event.type === "lost") this.lose(event.failure);
    else if (state.phase === "passing") this.handleWhilePassing(state.attempt, event);
    else if (state.phase === "waiting") this.handleWhileWaiting(state, event);
    else if (event.type === "claimed") this.current = this.createPassing(state.tag);
  }

  private handleWhilePassing(attempt: Attempt, event: RetryEvent): void {
    if (event.type !== "message" && event.type !== "restarted") return;
    const { type, message } = event;
    const isLast = type === "message" && message.complete === true;
    if (!attempt.started && !this.record.last) attempt.join(message.parts.index);
    if (!attempt.started && !isLast) this.settle(undefined);
    try {
      if (type === "restarted") attempt.beginAgain(message);
      else if (isLast) this.endAttempt(attempt, message);
      else attempt.pass(message);
    } catch (thrown) {
      if (!(thrown instanceof UnclearOverlap)) throw thrown;
      this.startOver(isLast);
    }
  }

  private endAttempt(attempt: Attempt, last: StreamMessage): void {
    const { record, context } = this;
    const failure = readFailure(last);
    if (!attempt.started) this.settle(failure);
    // A request that was cancelled or failed before it said anything takes nothing away from the reader.
    if (failure ? failure.partial !== "" : last.finishReason !== "cancelled") attempt.begin(last);
    attempt.end(last, failure !== undefined);
    record.noteEnd(last, failure, attempt.repeated, context.now());
    if (failure) this.follow(planNext(record, failure, context), failure);
    else this.conclude(last);
  }

  private follow(plan: Plan, failure: FailureData): void {
    if ("giveUp" in plan) {
      this.giveUp(failure, plan.giveUp);
      return;
    }
    const { record, context } = this;
    if (plan.recovery !== "resume") this.stopAtService();
    if (plan.route !== record.route) {
      record.route = plan.route;
      record.routeAttempts = 0;
    }
    this.current = {
      phase: "waiting",
      failure,
      recovery: plan.recovery,
      dueAt: context.now() + plan.waitMs,
      isQueued: false,
    };
    this.effects.push({ type: "wait", milliseconds: plan.waitMs });
  }

  private handleWhileWaiting(state: RetryState & { phase: "waiting" }, event: RetryEvent): void {
    const { record, context } = this;
    if (event.type === "due" && !state.isQueued) {
      state.isQueued = true;
      // The first request to the fallback is not a retry, and is always allowed.
      if (record.routeAttempts > 0) this.effects.push({ type: "enterQueue", route: record.route });
      else this.ask(state.recovery);
    } else if (event.type === "admitted" && state.isQueued) this.ask(state.recovery);
    else if (event.type === "refused" && state.isQueued)
      this.follow(planFallback(record, state.failure, TOO_OFTEN, context), state.failure);
  }

  private ask(recovery: Recovery): void {
    const { record, context } = this;
    record.routeAttempts++;
    record.attempts++;
    record.recovery = recovery;
    const { message, tag } = composeRetryRequest(record, context.asker, recovery);
    this.current = { phase: "asked", tag };
    this.effects.push(
      { type: "ask", route: record.route, message, tag },
      { type: "done", failure: undefined },
    );
  }

  /** The model's continuation cannot be used: the answer is asked for from its beginning. */
  private startOver(hasEnded: boolean): void {
    const { record, context } = this;
    const failure = new Failure("interrupted", UNCLEAR, { phase: "streaming" }).toJSON();
    if (!hasEnded) this.effects.push({ type: "stop", route: record.route });
    const plan = planNext(record, failure, context);
    this.follow("giveUp" in plan ? plan : { ...plan, waitMs: 0, recovery: "restart" }, failure);
  }

  /** Ends a wait at once. A request that was sent gets some time to end by itself, which the session measures. */
  private cancel({ phase }: RetryState): void {
    if (phase === "passing") return;
    const { error: _, ...last } = this.copyLast();
    this.conclude({ ...last, finishReason: "cancelled" });
  }

  /** Stops an answer at its service that is not taken up again. */
  private stopAtService(): void {
    const { record } = this;
    if (record.resume) this.effects.push({ type: "stop", route: record.route });
    record.resume = undefined;
  }

  private giveUp(failure: FailureData, reason: string): void {
    const message = reason === "" ? failure.message : `${failure.message} ${reason}`;
    const final = new Failure(failure.code, message, { ...failure, partial: this.record.text });
    this.conclude({ ...this.copyLast(), error: final.toJSON() }, final);
  }

  /** Ends a stream whose last message will not come. */
  private lose(failure: Failure): void {
    const { current } = this;
    failure.partial = this.record.text;
    this.record.cost.add(null);
    const error = failure.toJSON();
    const isOpen = current.phase === "asked" || (current.phase === "passing" && !current.attempt.started);
    if (isOpen) this.settle(error);
    const last = { ...this.copyLast(), finishReason: "error", usage: null, cost: null, error };
    this.conclude(last, undefined, failure);
  }

  /** Copies the last message of the latest request, to make the reader's last message of it. */
  private copyLast(): StreamMessage {
    const { last = this.base } = this.record;
    return { ...last, parts: { ...last.parts } };
  }

  /**
   * Sends the one last message of the reader's stream.
   * @param last is changed
   * @param failure what the input ends with that brought the latest request's last message
   * @param report a failure that no input brought
   */
  private conclude(last: StreamMessage, failure?: Failure, report?: Failure): void {
    this.stopAtService();
    this.current = { phase: "ended" };
    const { attempts, nestedAttempts, stats, cost, request } = this.record;
    last.parts.count = 0;
    // What only the whole stream knows.
    if (attempts > 1) {
      last["stats"] = stats.toStats(this.context.now(), attempts + nestedAttempts);
      last["cost"] = cost.value;
      if (request) last["request"] = request;
    }
    delete last["resume"];
    const message = this.send(last);
    this.effects.push({ type: "done", failure });
    if (report) this.effects.push({ type: "report", failure: report, message });
    this.effects.push({ type: "end" });
  }

  /** Sends a message to the reader, in its place. @returns the message as it is sent */
  private send(message: StreamMessage): Message {
    const { record } = this;
    const { parts, payload } = message;
    if (typeof payload === "string") record.text += payload;
    parts.id = record.id;
    parts.index = record.nextIndex++;
    if (parts.count !== undefined) parts.count = record.nextIndex;
    writeRestarts(parts, record.restarts);
    const sent = record.attempts === 1 ? message : replaceTags(message, record.outerTags);
    // The reader knows the id of the first request.
    if (record.attempts > 1 && this.base._msgid !== undefined) sent._msgid = this.base._msgid;
    this.effects.push({ type: "send", message: sent });
    return sent;
  }

  private settle(failure: FailureData | undefined): void {
    this.effects.push({ type: "settle", route: this.record.route, failure });
  }

  /** @param tag of the request; undefined if no retry node asked */
  private createPassing(tag: RetryTag | undefined): RetryState {
    return { phase: "passing", attempt: new Attempt(this.record, (message) => this.send(message), tag) };
  }
}
