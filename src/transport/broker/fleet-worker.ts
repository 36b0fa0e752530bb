import type { Clock } from "../../core/clock.js";
import type { FailureData } from "../../core/failure.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";
import { type FrontFrame, readFrontFrame, type WorkerFrame } from "./frames.js";
import type { BrokerLink } from "./link.js";
import { PieceWriter } from "./piece-writer.js";
import { type FleetTopics, nameTopics } from "./topics.js";

/** A request that a worker has accepted. */
export interface WorkerCall {
  /** Id of the front that asks. */
  front: string;
  /** Name of the model as the front wrote it; `""` if it leaves the choice to the worker. */
  model: string;
  /** A request in the form of Chat Completions, as JSON text. */
  body: string;
  writer: PieceWriter;
}

/** How a worker answers. */
export interface FleetWorkerOptions {
  link: BrokerLink;
  /** The topic that front and workers share. */
  topic: string;
  /** How many calls it works on at once. It refuses any more. */
  maxCalls: number;
  clock: Clock;
  /** Makes ids that are unique on every machine. */
  createId(): string;
  /** Lists the names of models that it answers under. */
  listModels(): string[];
  /** Begins to work on a call, and writes its answer. */
  serve(call: WorkerCall): void;
}

interface OpenCall {
  front: string;
  writer: PieceWriter;
}

/** How often a worker reports its open calls. */
const WORKING_MS = 1_000;

/** How long a front counts as alive after its last message. It sends one a second while it waits for answers. */
const MAX_FRONT_SILENCE_MS = 10_000;

/** How many calls are remembered, because a request may come twice and a cancel may come before its request. */
const MAX_REMEMBERED = 10_000;

/** Takes requests from a broker, up to `maxCalls` at once, and reports every second which calls it works on. */
export class FleetWorker {
  private readonly id: string;
  private readonly topics: FleetTopics;
  private readonly openCalls = new Map<string, OpenCall>();
  private readonly seenCalls = new RecentMap<true>(MAX_REMEMBERED);
  private readonly cancelledCalls = new RecentMap<true>(MAX_REMEMBERED);
  /** When each front of an open call was last heard. */
  private readonly fronts = new Map<string, number>();
  private readonly unsubscribe: (() => void)[];
  private timer: unknown;
  private isClosed = false;

  constructor(private readonly options: FleetWorkerOptions) {
    const { link, topic } = options;
    this.id = options.createId();
    this.topics = nameTopics(topic);
    this.unsubscribe = [this.topics.sharedRequests, this.topics.workers, this.topics.worker(this.id)].map(
      (own) => link.subscribe(own, (text) => this.receive(text)),
    );
  }

  /** Number of calls that it works on. */
  get callCount(): number {
    return this.openCalls.size;
  }

  /** Takes no more requests. Calls that are open can still end. */
  close(): void {
    this.isClosed = true;
    for (const unsubscribe of this.unsubscribe.splice(0)) unsubscribe();
    this.options.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private receive(text: string): void {
    const frame = readFrontFrame(text);
    if (!frame || this.isClosed) return;
    if (frame.type === "request") this.acceptOrRefuse(frame);
    else if (frame.type === "cancel") this.cancel(frame.call);
    else if (frame.type === "alive") this.noteFront(frame.front);
    else
      this.publish(frame.front, {
        type: "here",
        call: frame.call,
        worker: this.id,
        models: this.listModels(),
      });
  }

  private acceptOrRefuse({ call, front, model, body }: FrontFrame & { type: "request" }): void {
    if (this.seenCalls.has(call) || this.cancelledCalls.has(call)) return;
    this.seenCalls.set(call, true);
    const models = this.listModels();
    const hasModel = model === "" ? models.length > 0 : models.includes(model);
    const isFull = this.openCalls.size >= this.options.maxCalls;
    if (!hasModel || isFull) {
      const reason = hasModel ? "full" : "model";
      this.publish(front, { type: "refused", call, worker: this.id, reason, models });
      return;
    }
    this.publish(front, { type: "accepted", call, worker: this.id });
    const writer = new PieceWriter({
      clock: this.options.clock,
      link: this.options.link,
      onPiece: (number, text) => this.publish(front, { type: "piece", call, worker: this.id, number, text }),
      onEnd: (number, failure) => this.end(call, front, number, failure),
    });
    this.openCalls.set(call, { front, writer });
    this.fronts.set(front, this.options.clock.now());
    this.timer ??= this.options.clock.setTimer(this.tick, WORKING_MS);
    this.options.serve({ front, model, body, writer });
  }

  private end(call: string, front: string, number: number, failure: FailureData | undefined): void {
    this.publish(front, { type: "end", call, worker: this.id, number, ...(failure ? { failure } : {}) });
    this.forget(call);
  }

  private cancel(call: string): void {
    this.cancelledCalls.set(call, true);
    const open = this.openCalls.get(call);
    if (!open) return;
    this.forget(call);
    open.writer.leave();
  }

  private forget(call: string): void {
    const wasFull = this.openCalls.size >= this.options.maxCalls;
    this.openCalls.delete(call);
    if (wasFull && !this.isClosed) this.send(this.topics.fronts, { type: "free", worker: this.id, count: 1 });
  }

  private noteFront(front: string): void {
    if (this.fronts.has(front)) this.fronts.set(front, this.options.clock.now());
  }

  private readonly tick = (): void => {
    this.timer = undefined;
    const callsByFront = new Map<string, string[]>();
    for (const [call, { front }] of this.openCalls) {
      const calls = callsByFront.get(front) ?? [];
      callsByFront.set(front, calls);
      calls.push(call);
    }
    const oldest = this.options.clock.now() - MAX_FRONT_SILENCE_MS;
    for (const [front, heardAt] of [...this.fronts]) {
      const calls = callsByFront.get(front);
      if (!calls || heardAt < oldest) this.fronts.delete(front);
      if (calls && heardAt < oldest) for (const call of calls) this.cancel(call);
      else if (calls) this.publish(front, { type: "working", worker: this.id, calls });
    }
    if (this.openCalls.size > 0 && !this.isClosed)
      this.timer = this.options.clock.setTimer(this.tick, WORKING_MS);
  };

  private listModels(): string[] {
    return this.options.listModels();
  }

  private publish(front: string, frame: WorkerFrame): void {
    this.send(this.topics.front(front), frame);
  }

  private send(topic: string, frame: WorkerFrame): void {
    this.options.link.publish(topic, JSON.stringify(frame));
  }
}
