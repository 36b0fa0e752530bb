import { Dispatcher } from "undici";
import type { Clock } from "../../core/clock.js";
import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { type FrontFrame, readWorkerFrame, type WorkerFrame } from "./frames.js";
import type { BrokerLink } from "./link.js";
import { type CallEffect, RemoteCall, readCallId } from "./remote-call.js";
import { ResponseWriter } from "./response-writer.js";
import { type FleetTopics, nameTopics } from "./topics.js";

/** How a front asks the workers of a fleet. */
export interface FleetOptions {
  /** Is closed with the dispatcher. */
  link: BrokerLink;
  /** The topic that front and workers share. */
  topic: string;
  /** Milliseconds: a worker that sends nothing for this long is given up. A lost broker is waited for as long. */
  silenceMs: number;
  clock: Clock;
  /** Makes ids that are unique on every machine. */
  createId(): string;
}

interface OpenCall {
  call: RemoteCall;
  writer: ResponseWriter;
  model: string;
  body: string;
}

/** How often open calls are checked for timeouts. */
const TICK_MS = 250;

/** How often the front says that it is alive, while calls are open. */
const ALIVE_MS = 1_000;

/** How long a worker counts as alive after its last message. Workers send one a second while they work. */
const MAX_WORKER_AGE_MS = 3_000;

/** How long the answers to `who` are waited for. */
const DISCOVERY_MS = 1_000;

/** What a message over a broker has beside the request itself, in bytes. */
const ENVELOPE_BYTES = 1_024;

/**
 * A dispatcher of undici that sends requests to the workers of a fleet, over a broker, and delivers their answers as HTTP
 * responses. Deadlines, errors and retries of a stream work as with a server.
 */
export class FleetDispatcher extends Dispatcher {
  private readonly id: string;
  private readonly topics: FleetTopics;
  /** The open calls by their ids. */
  private readonly calls = new Map<string, OpenCall>();
  /** When each worker was last heard. */
  private readonly workers = new Map<string, number>();
  private readonly unsubscribe: (() => void)[];
  private timer: unknown;
  /** When this front last reported that it is alive. */
  private aliveSentAt = Number.NEGATIVE_INFINITY;
  /** The models of the workers that have answered a `who`, by the call of the `who` and the worker's id. */
  private readonly discoveries = new Map<string, Map<string, string[]>>();

  constructor(private readonly options: FleetOptions) {
    super();
    const { link, topic } = options;
    this.id = options.createId();
    this.topics = nameTopics(topic);
    this.unsubscribe = [this.topics.front(this.id), this.topics.fronts].map((own) =>
      link.subscribe(own, (text) => this.receive(text)),
    );
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const writer = new ResponseWriter(handler);
    this.whenConnected(writer, () => {
      writer.start();
      if (options.method === "GET") this.listModels(writer);
      else this.ask(writer, String(options.body ?? ""));
    });
    return true;
  }

  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    this.end();
    if (callback) callback();
    else return Promise.resolve();
  }

  override destroy(...args: unknown[]): Promise<void> {
    this.end();
    const callback = args.find((value) => typeof value === "function") as (() => void) | undefined;
    callback?.();
    return Promise.resolve();
  }

  private end(): void {
    for (const { writer } of [...this.calls.values()]) writer.abort();
    for (const unsubscribe of this.unsubscribe.splice(0)) unsubscribe();
    this.options.link.close();
    this.options.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  /** Begins a request once the broker is connected. A connection that is lost usually comes back soon. */
  private whenConnected(writer: ResponseWriter, begin: () => void): void {
    const { clock, link, silenceMs } = this.options;
    if (link.isConnected) {
      begin();
      return;
    }
    const stop = () => {
      unwatch();
      clock.clearTimer(timer);
    };
    const unwatch = link.watch(() => {
      if (!link.isConnected) return;
      stop();
      begin();
    });
    const timer = clock.setTimer(() => {
      stop();
      writer.fail(
        new Failure(
          "connection",
          "The broker is not connected. Check the mqtt-broker node that the provider uses.",
        ),
      );
    }, silenceMs);
    writer.onAbort = stop;
  }

  private ask(writer: ResponseWriter, body: string): void {
    const { clock, createId, link, silenceMs } = this.options;
    const bytes = Buffer.byteLength(body) + ENVELOPE_BYTES;
    if (link.maxMessageBytes !== undefined && bytes > link.maxMessageBytes) {
      const text = `The request has ${bytes} bytes, and the broker takes at most ${link.maxMessageBytes}. Shorten the conversation, or raise the limit of the broker.`;
      writer.fail(new Failure("limit", text));
      return;
    }
    const id = createId();
    const request = tryParseJson(body);
    const model = isObject(request) && typeof request["model"] === "string" ? request["model"] : "";
    const findOther = (refusers: ReadonlySet<string>) => this.findWorker(refusers);
    const call = new RemoteCall({ id, model, silenceMs, findOther }, clock.now());
    const open: OpenCall = { call, writer, model, body };
    this.calls.set(id, open);
    writer.onAbort = () => this.runEffects(id, open, call.on({ type: "cancelled" }));
    this.startTicking();
    this.runEffects(id, open, call.start());
  }

  private runEffects(id: string, open: OpenCall, effects: readonly CallEffect[]): void {
    const { writer } = open;
    for (const effect of effects) {
      if (effect.type === "ask") this.publishRequest(open, effect.call, effect.worker);
      else if (effect.type === "cancel") this.publishCancel(effect.call, effect.worker);
      else if (effect.type === "accepted") writer.begin("text/event-stream");
      else if (effect.type === "piece") writer.write(effect.text);
      else if (effect.type === "end") writer.end();
      else writer.fail(effect.failure);
    }
    if (open.call.hasEnded) this.calls.delete(id);
  }

  private publishRequest({ body, model }: OpenCall, call: string, worker: string | undefined): void {
    const { link, silenceMs } = this.options;
    const frame: FrontFrame = { type: "request", call, front: this.id, model, body };
    const topic = worker === undefined ? this.topics.requests : this.topics.worker(worker);
    // It expires, because nobody would wait for the answer of a worker that takes it later.
    link.publish(topic, JSON.stringify(frame), silenceMs);
  }

  private publishCancel(call: string, worker: string | undefined): void {
    const topic = worker === undefined ? this.topics.workers : this.topics.worker(worker);
    this.publish(topic, { type: "cancel", call });
  }

  private publish(topic: string, frame: FrontFrame): void {
    this.options.link.publish(topic, JSON.stringify(frame), this.options.silenceMs);
  }

  private receive(text: string): void {
    const frame = readWorkerFrame(text);
    if (!frame) return;
    const now = this.options.clock.now();
    if ("worker" in frame) this.workers.set(frame.worker, now);
    if (frame.type === "here") this.discoveries.get(frame.call)?.set(frame.worker, frame.models);
    else if (frame.type === "free") this.offer(frame.worker, frame.count, now);
    else if (frame.type === "working") this.passToCalls(frame, now);
    else this.passToCall(frame, now);
  }

  private passToCall(frame: WorkerFrame & { call: string }, now: number): void {
    const id = readCallId(frame.call);
    const open = this.calls.get(id);
    if (open) this.runEffects(id, open, open.call.on({ type: "frame", frame, now }));
    else if (frame.type === "accepted") this.publishCancel(frame.call, frame.worker);
  }

  /** Tells the calls that their worker still works on them. */
  private passToCalls(frame: WorkerFrame & { type: "working" }, now: number): void {
    for (const attemptName of frame.calls) {
      const open = this.calls.get(readCallId(attemptName));
      open?.call.on({ type: "frame", frame, now });
    }
  }

  /** Gives a worker the calls that have waited longest, as many as it has free places. */
  private offer(worker: string, count: number, now: number): void {
    let left = count;
    for (const [id, open] of [...this.calls]) {
      if (left === 0) return;
      if (!open.call.isWaiting) continue;
      left--;
      this.runEffects(id, open, open.call.offer(worker, now));
    }
  }

  private findWorker(refusers: ReadonlySet<string>): string | undefined {
    const oldest = this.options.clock.now() - MAX_WORKER_AGE_MS;
    for (const [worker, heardAt] of this.workers) {
      if (heardAt < oldest) this.workers.delete(worker);
      else if (!refusers.has(worker)) return worker;
    }
    return undefined;
  }

  /** Asks all workers for their models. Responds with a model list in OpenAI's form that also has the number of workers. */
  private listModels(writer: ResponseWriter): void {
    const { clock, createId } = this.options;
    const call = createId();
    const answers = new Map<string, string[]>();
    this.discoveries.set(call, answers);
    this.publish(this.topics.workers, { type: "who", call, front: this.id });
    const timer = clock.setTimer(() => {
      this.discoveries.delete(call);
      if (answers.size === 0) {
        writer.fail(
          new Failure(
            "connection",
            "No worker answered. Check that a worker is running at this broker and topic.",
          ),
        );
        return;
      }
      const models = [...new Set([...answers.values()].flat())];
      writer.begin("application/json");
      writer.write(JSON.stringify({ data: models.map((id) => ({ id })), workers: answers.size }));
      writer.end();
    }, DISCOVERY_MS);
    writer.onAbort = () => {
      clock.clearTimer(timer);
      this.discoveries.delete(call);
    };
  }

  private startTicking(): void {
    this.timer ??= this.options.clock.setTimer(this.tick, TICK_MS);
  }

  private readonly tick = (): void => {
    const { clock } = this.options;
    this.timer = undefined;
    const now = clock.now();
    for (const [id, open] of [...this.calls]) this.runEffects(id, open, open.call.on({ type: "tick", now }));
    if (this.calls.size === 0) return;
    if (now - this.aliveSentAt >= ALIVE_MS) {
      this.aliveSentAt = now;
      this.publish(this.topics.workers, { type: "alive", front: this.id });
    }
    this.startTicking();
  };
}
