import { Dispatcher } from "undici";
import type { Clock } from "../../core/clock.js";
import type { Failure } from "../../core/failure.js";
import type { Headers } from "../../core/headers.js";
import { findProxy } from "../agent.js";
import { createTransportFailure } from "../errors.js";
import { cleanFailure, cleanHeaders, cleanReads, type RawRead } from "./clean-recording.js";
import { toRecordedRequest } from "./recorded-request.js";
import type { RecordedEnd, RecordedFailure, Recording } from "./recording.js";

/** The most bytes of one stream that are recorded: requests and responses together. */
export const MAX_TAKE_BYTES = 8 * 1024 * 1024;

/** How a stream ended, for whoever records it. */
export interface TakeOutcome {
  outcome: "complete" | "failed" | "cancelled";
  failure?: Failure | undefined;
}

/** What a take needs. */
export interface TakeOptions {
  /** Makes the connections. */
  dispatcher: Dispatcher;
  clock: Clock;
  /** Id of the provider. */
  provider: string;
  /** Texts that must not be in a recording. */
  secrets: readonly string[];
  /** Gets the recordings when the stream has ended; undefined if the stream was too large. */
  onFinish(recordings: Recording[] | undefined, outcome: TakeOutcome): void;
}

/**
 * A dispatcher that records the requests of one stream and their responses. It changes neither. Secrets are removed when the
 * stream has ended, so that recording costs little while it runs.
 */
export class Take extends Dispatcher {
  private readonly exchanges: RecordedExchange[] = [];
  private size = 0;
  private isFinished = false;

  constructor(private readonly options: TakeOptions) {
    super();
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { dispatcher, clock } = this.options;
    if (this.isFinished) return dispatcher.dispatch(options, handler);
    const exchange = new RecordedExchange(options, handler, clock, (bytes) => this.reserve(bytes));
    this.exchanges.push(exchange);
    try {
      return dispatcher.dispatch(options, exchange);
    } catch (thrown) {
      exchange.markError(thrown);
      throw thrown;
    }
  }

  findProxy(url: URL): string | undefined {
    return findProxy(this.options.dispatcher, url);
  }

  /** Ends the take with the stream, after whoever waits for the end. */
  watchEnd<R extends TakeOutcome>(onEnd: (result: R) => void): (result: R) => void {
    return (result) => {
      onEnd(result);
      this.finish(result);
    };
  }

  /** Ends the take. What comes later is not recorded. */
  finish(outcome: TakeOutcome): void {
    if (this.isFinished) return;
    this.isFinished = true;
    const { provider, secrets, onFinish } = this.options;
    const isTooLarge = this.size > MAX_TAKE_BYTES;
    onFinish(
      isTooLarge ? undefined : this.exchanges.map((exchange) => exchange.build(provider, secrets, outcome)),
      outcome,
    );
    this.exchanges.length = 0;
  }

  /** @returns whether there is room for more bytes */
  private reserve(bytes: number): boolean {
    if (this.isFinished) return false;
    this.size += bytes;
    return this.size <= MAX_TAKE_BYTES;
  }
}

/** One request and its response on their way, as undici hands them over. */
class RecordedExchange implements Dispatcher.DispatchHandler {
  private readonly startedAt: number;
  private readonly date: number;
  private readonly reads: RawRead[] = [];
  private readonly body: string;
  private response: { ms: number; status: number; headers: Headers } | undefined;
  private end: RecordedEnd | undefined;

  constructor(
    private readonly options: Dispatcher.DispatchOptions,
    private readonly handler: Dispatcher.DispatchHandler,
    private readonly clock: Clock,
    /** Says whether there is room for bytes. */
    private readonly reserve: (bytes: number) => boolean,
  ) {
    this.startedAt = clock.now();
    this.date = clock.date();
    const body = typeof options.body === "string" ? options.body : "";
    this.body = reserve(Buffer.byteLength(body)) ? body : "";
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.handler.onRequestStart?.(controller, context);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
    statusMessage?: string,
  ): void {
    if (status >= 200) this.response = { ms: this.countMs(), status, headers };
    this.handler.onResponseStart?.(
      controller,
      status,
      headers as Record<string, string | string[]>,
      statusMessage,
    );
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    // A copy: the buffer is a part of a large one of the socket.
    if (this.reserve(bytes.length)) this.reads.push({ ms: this.countMs(), bytes: Buffer.from(bytes) });
    this.handler.onResponseData?.(controller, bytes);
  }

  onResponseEnd(
    controller: Dispatcher.DispatchController,
    trailers: Record<string, string | string[]>,
  ): void {
    this.end ??= { ms: this.countMs(), kind: "end" };
    this.handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    // If this side has closed the connection, the end of the stream says why.
    if (!controller?.aborted) this.markError(error);
    this.handler.onResponseError?.(controller, error);
  }

  markError(error: unknown): void {
    const { host } = new URL(String(this.options.origin));
    const failure = createTransportFailure(error, host, this.response !== undefined);
    this.end ??= { ms: this.countMs(), kind: "failed", failure };
  }

  build(provider: string, secrets: readonly string[], outcome: TakeOutcome): Recording {
    const { method, path } = this.options;
    const { response } = this;
    return {
      recordedAt: new Date(this.date).toISOString(),
      provider,
      request: toRecordedRequest(String(method), path, this.body, secrets),
      ...(response ? { response: { ...response, headers: cleanHeaders(response.headers, secrets) } } : {}),
      end: this.buildEnd(secrets, outcome),
      reads: cleanReads(this.reads, secrets),
    };
  }

  /** A connection that is still open, or was closed by this side, ends as the stream did. */
  private buildEnd(secrets: readonly string[], { outcome, failure }: TakeOutcome): RecordedEnd {
    const end = this.end ?? { ms: this.countMs(), kind: "end" };
    const clean = (one: RecordedFailure) => ({
      ms: end.ms,
      kind: "failed" as const,
      failure: cleanFailure(one, secrets),
    });
    if (end.kind === "failed") return clean(end.failure);
    if (this.end || outcome === "complete") return end;
    return outcome === "failed" && failure ? clean(failure) : { ms: end.ms, kind: "stopped" };
  }

  private countMs(): number {
    return Math.round(this.clock.now() - this.startedAt);
  }
}
