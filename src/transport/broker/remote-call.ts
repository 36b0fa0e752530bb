import { Failure } from "../../core/failure.js";
import type { WorkerFrame } from "./frames.js";

/** What happens to a call. Times are in milliseconds of a monotonic clock. */
export type CallEvent =
  | { type: "frame"; frame: WorkerFrame; now: number }
  /** Time has passed. */
  | { type: "tick"; now: number }
  | { type: "cancelled" };

/** What the caller has to do then, in this order. */
export type CallEffect =
  /** Publishes the request, for `worker` alone or, without one, for any worker. */
  | { type: "ask"; call: string; worker?: string }
  /** Tells `worker` or, without one, all workers that nobody reads the answer any more. */
  | { type: "cancel"; call: string; worker?: string }
  | { type: "accepted" }
  | { type: "piece"; text: string }
  | { type: "end" }
  | { type: "failed"; failure: Failure };

/** A frame that has a place in the answer. */
type NumberedFrame = Extract<WorkerFrame, { number: number }>;

type CallState =
  /** The request was published, for `worker` alone or for any. `heardAt`: when a worker last refused it. */
  | { phase: "asking"; since: number; heardAt: number; worker?: string }
  /** Every worker that answered was full. */
  | { phase: "waiting"; since: number }
  | {
      phase: "running";
      worker: string;
      heardAt: number;
      /** Number of the next frame. */
      next: number;
      /** Frames that came before their turn. */
      early: Map<number, NumberedFrame>;
      /** Since when a frame is missing. */
      earlySince: number;
    }
  | { phase: "ended" };

/** What a call needs. */
export interface RemoteCallOptions {
  /** Unique on every machine. */
  id: string;
  model: string;
  /** Milliseconds: a worker that sends nothing for this long is given up. */
  silenceMs: number;
  /** Finds a worker that is alive and has not refused. */
  findOther(refusers: ReadonlySet<string>): string | undefined;
}

/** How often a call that waits for a free worker asks again, in case a `free` was lost. */
const ASK_AGAIN_MS = 1_000;

/** How long a request waits for the one worker that it was sent to. After that, it goes to any worker. */
const MAX_CHOSEN_MS = 1_000;

/** How long a missing frame is waited for. Brokers keep the order, but a worker may have two connections for a moment. */
const MAX_LATE_MS = 1_000;

/** Frames that may come before their turn. */
const MAX_EARLY = 1_000;

/** Names of models that an error lists. */
const MAX_LISTED = 10;

/**
 * One request of a front to the workers of a fleet: a state machine without timers and broker. It asks until a worker
 * accepts, brings the pieces of the answer into order, and fails if the worker goes silent. It never asks again for an
 * answer that has begun: that is up to a retry node.
 */
export class RemoteCall {
  private state: CallState;
  private attempt = 0;
  /** Workers that have refused since the last free one. */
  private readonly refusers = new Set<string>();
  /** Names that workers without the model answer under. */
  private readonly models = new Set<string>();
  /** Whether a worker that has the model was full. */
  private wasFull = false;

  constructor(
    private readonly options: RemoteCallOptions,
    now: number,
  ) {
    this.state = { phase: "asking", since: now, heardAt: now };
  }

  get isWaiting(): boolean {
    return this.state.phase === "waiting";
  }

  get hasEnded(): boolean {
    return this.state.phase === "ended";
  }

  /** Begins the call. @returns the first request */
  start(): CallEffect[] {
    return [this.ask()];
  }

  /** Takes note that a full worker has a free place. @returns the request to it, if this call waits for one */
  offer(worker: string, now: number): CallEffect[] {
    return this.state.phase === "waiting" ? this.askAgain(now, now, worker) : [];
  }

  on(event: CallEvent): CallEffect[] {
    const { state } = this;
    if (state.phase === "ended") return [];
    if (event.type === "cancelled") return this.cancel(state);
    if (event.type === "tick") return this.tick(state, event.now);
    const { frame, now } = event;
    if (frame.type === "working") return this.noteWorking(state, frame, now);
    if (!("call" in frame)) return [];
    if (frame.call !== this.attemptName) return this.cancelStale(frame);
    if (frame.type === "refused") return this.handleRefusal(state, frame, now);
    if (frame.type === "accepted") return this.accept(state, frame.worker, now);
    if (frame.type === "here" || state.phase !== "running" || frame.worker !== state.worker) return [];
    return this.deliverInOrder(state, frame, now);
  }

  /** Name of the current attempt. Each has another one, so that no frame of an earlier worker gets into the answer. */
  private get attemptName(): string {
    return `${this.options.id}:${this.attempt}`;
  }

  private askAgain(now: number, heardAt: number, worker?: string): CallEffect[] {
    this.state = { phase: "asking", since: now, heardAt, ...(worker === undefined ? {} : { worker }) };
    return [this.ask(worker)];
  }

  private ask(worker?: string): CallEffect {
    this.attempt++;
    return { type: "ask", call: this.attemptName, ...(worker === undefined ? {} : { worker }) };
  }

  private accept(state: CallState, worker: string, now: number): CallEffect[] {
    // A request that the broker delivers twice may be accepted by two workers.
    if (state.phase === "running" && state.worker !== worker)
      return [{ type: "cancel", call: this.attemptName, worker }];
    if (state.phase !== "asking") return [];
    this.state = { phase: "running", worker, heardAt: now, next: 0, early: new Map(), earlySince: 0 };
    return [{ type: "accepted" }];
  }

  /** Asks another worker. If a worker refuses twice and no other one is known, all have refused. */
  private handleRefusal(
    state: CallState,
    frame: WorkerFrame & { type: "refused" },
    now: number,
  ): CallEffect[] {
    if (state.phase !== "asking") return [];
    const hasRefusedBefore = this.refusers.has(frame.worker);
    this.refusers.add(frame.worker);
    if (frame.reason === "full") this.wasFull = true;
    else for (const model of frame.models) this.models.add(model);
    const other = this.options.findOther(this.refusers);
    if (other !== undefined || !hasRefusedBefore) return this.askAgain(now, now, other);
    this.refusers.clear();
    if (!this.wasFull) return this.fail(this.createModelFailure());
    this.wasFull = false;
    this.state = { phase: "waiting", since: now };
    return [];
  }

  /** Delivers a frame in its order, with those that have waited for it. */
  private deliverInOrder(
    state: CallState & { phase: "running" },
    frame: NumberedFrame,
    now: number,
  ): CallEffect[] {
    state.heardAt = now;
    if (frame.number < state.next || state.early.has(frame.number)) return [];
    if (frame.number > state.next) {
      if (state.early.size === 0) state.earlySince = now;
      state.early.set(frame.number, frame);
      return state.early.size > MAX_EARLY ? this.failAsLost(state) : [];
    }
    const effects: CallEffect[] = [];
    let next: NumberedFrame | undefined = frame;
    while (next) {
      state.early.delete(next.number);
      state.next = next.number + 1;
      if (next.type === "end") {
        this.state = { phase: "ended" };
        const { failure } = next;
        effects.push(
          failure
            ? { type: "failed", failure: new Failure(failure.code, failure.message, failure) }
            : { type: "end" },
        );
        return effects;
      }
      effects.push({ type: "piece", text: next.text });
      next = state.early.get(state.next);
    }
    state.earlySince = now;
    return effects;
  }

  private noteWorking(state: CallState, frame: WorkerFrame & { type: "working" }, now: number): CallEffect[] {
    const isOurs = state.phase === "running" && frame.worker === state.worker;
    if (isOurs && frame.calls.includes(this.attemptName)) state.heardAt = now;
    return [];
  }

  private tick(state: CallState, now: number): CallEffect[] {
    const { silenceMs } = this.options;
    if (state.phase === "asking") return this.tickAsking(state, now);
    if (state.phase === "waiting") return now - state.since < ASK_AGAIN_MS ? [] : this.askAgain(now, now);
    if (state.phase !== "running") return [];
    if (state.early.size > 0 && now - state.earlySince >= MAX_LATE_MS) return this.failAsLost(state);
    if (now - state.heardAt < silenceMs) return [];
    const text = `The worker said nothing for ${silenceMs / 1000} s. It may have stopped, or its broker cannot be reached.`;
    return this.giveUp(state.worker, new Failure("interrupted", text, { phase: "streaming" }));
  }

  private tickAsking(state: CallState & { phase: "asking" }, now: number): CallEffect[] {
    const { silenceMs } = this.options;
    if (now - state.heardAt < silenceMs) {
      const isChosenSilent = state.worker !== undefined && now - state.since >= MAX_CHOSEN_MS;
      return isChosenSilent ? this.askAgain(now, state.heardAt) : [];
    }
    const text = `No worker took the request within ${silenceMs / 1000} s. Check that a worker is running at this broker and topic.`;
    return [{ type: "cancel", call: this.attemptName }, ...this.fail(new Failure("connection", text))];
  }

  private failAsLost({ worker, next }: CallState & { phase: "running" }): CallEffect[] {
    const text = `Piece ${next} of the answer was lost on its way over the broker. Its queues may be too short.`;
    return this.giveUp(worker, new Failure("interrupted", text, { phase: "streaming" }));
  }

  private giveUp(worker: string, failure: Failure): CallEffect[] {
    return [{ type: "cancel", call: this.attemptName, worker }, ...this.fail(failure)];
  }

  private cancel(state: CallState): CallEffect[] {
    this.state = { phase: "ended" };
    if (state.phase === "waiting") return [];
    const call = this.attemptName;
    return [
      state.phase === "running" ? { type: "cancel", call, worker: state.worker } : { type: "cancel", call },
    ];
  }

  private fail(failure: Failure): CallEffect[] {
    this.state = { phase: "ended" };
    return [{ type: "failed", failure }];
  }

  /** Cancels an attempt that was given up, if a worker accepts it only now. */
  private cancelStale(frame: WorkerFrame & { call: string }): CallEffect[] {
    return frame.type === "accepted" ? [{ type: "cancel", call: frame.call, worker: frame.worker }] : [];
  }

  private createModelFailure(): Failure {
    const names = [...this.models].slice(0, MAX_LISTED).map((name) => `“${name.slice(0, 80)}”`);
    const advice =
      names.length > 0
        ? `Choose one of these: ${names.join(", ")}.`
        : "Name models in the chat-in of a worker.";
    return new Failure(
      "not_found",
      `No worker has the model “${this.options.model.slice(0, 80)}”. ${advice}`,
    );
  }
}

/** Reads the id of a call from the name of one of its attempts. */
export function readCallId(attemptName: string): string {
  return attemptName.slice(0, attemptName.lastIndexOf(":"));
}
