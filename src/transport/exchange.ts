import { StringDecoder } from "node:string_decoder";
import type { Dispatcher } from "undici";
import { asFailure, Failure } from "../core/failure.js";
import type { Limits } from "../core/limits.js";
import type { WireRequest } from "../core/request.js";
import type { Headers } from "../core/retry-hint.js";
import { transportFailure } from "./errors.js";
import { type Framing, framingOf, sniff } from "./framing.js";
import { type RecordListener, SseReader } from "./sse.js";

/** What one request brings, in order: connected, then response, then records or a body, then end or failure. */
export interface ExchangeListener extends RecordListener {
  onConnected(): void;
  onResponse(status: number, headers: Headers): void;
  /** Bytes came, before their records are delivered. */
  onBytes(): void;
  /** All records of one read of the socket have been delivered. */
  onReadEnd(): void;
  /** The body of a response that is no stream: an error's (cut at the limit) or a whole completion. */
  onBody(text: string): void;
  /** The body ended without error; whether the answer is whole is not for HTTP to say. */
  onEnd(): void;
  onFailure(failure: Failure): void;
}

/** How long undici's own timers wait; set above ours, so that they only act if ours are broken. */
export interface Backstops {
  headersTimeout: number;
  bodyTimeout: number;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** After an answer's end the connection is kept for the next if the server ends the body within this, in ms. */
const LINGER = 100;

/**
 * One request and its response, on undici's dispatch handler: no stream and no promise between the socket and
 * the listener. Follows no redirects (a key must not travel) and inflates nothing.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private readonly decoder = new StringDecoder("utf8");
  private framing: Framing | undefined;
  private sse: SseReader | undefined;
  private body = "";
  private bodyLimit = 0;
  private started = false;
  private over = false;
  private lingering: NodeJS.Timeout | undefined;

  constructor(
    private readonly request: WireRequest,
    private readonly limits: Readonly<Limits>,
    private readonly listener: ExchangeListener,
  ) {}

  send(dispatcher: Dispatcher, backstops: Backstops): void {
    const { url } = this.request;
    try {
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: this.request.method,
          headers: this.request.headers,
          body: this.request.body ?? null,
          ...backstops,
        },
        this,
      );
    } catch (thrown) {
      this.onResponseError(undefined, thrown);
    }
  }

  /** Ends the exchange and frees the socket: a service goes on billing for what is merely not read. */
  abort(): void {
    this.over = true;
    clearTimeout(this.lingering);
    this.controller?.abort(new Error("aborted"));
  }

  /** Nothing more is wanted; the connection is kept if the body ends by itself at once. */
  finish(): void {
    if (this.over) return;
    this.over = true;
    this.lingering = setTimeout(() => this.controller?.abort(new Error("finished")), LINGER);
    this.lingering.unref();
  }

  pause(paused: boolean): void {
    if (paused) this.controller?.pause();
    else this.controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.over) controller.abort(new Error("aborted"));
    else this.listener.onConnected();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (this.over || status < 200) return;
    this.started = true;
    this.attempt(() => {
      this.listener.onResponse(status, headers);
      if (REDIRECTS.has(status)) throw redirected(status);
      if (status >= 300) {
        this.framing = "json";
        this.bodyLimit = this.limits.errorBody;
        return;
      }
      this.framing = framingOf(headers);
      this.bodyLimit = this.limits.completion;
      if (this.framing === "sse") this.sse = new SseReader(this.listener, this.limits.record);
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.over) return;
    try {
      this.listener.onBytes();
      this.read(this.decoder.write(bytes));
      this.listener.onReadEnd();
    } catch (thrown) {
      this.fail(asFailure(thrown));
    }
  }

  onResponseEnd(): void {
    clearTimeout(this.lingering);
    if (this.over) return;
    this.attempt(() => {
      this.read(this.decoder.end());
      if (this.sse) this.sse.end();
      else if (!this.over) this.listener.onBody(this.body);
      if (!this.over) this.listener.onEnd();
      this.over = true;
    });
  }

  onResponseError(_controller: unknown, error: unknown): void {
    clearTimeout(this.lingering);
    if (this.over) return;
    this.over = true;
    this.listener.onFailure(transportFailure(error, this.request.url.host, this.started));
  }

  private read(text: string): void {
    if (this.sse) {
      this.sse.feed(text);
      return;
    }
    this.body += text;
    if (this.framing === "sniff" && sniff(this.body) === "sse") {
      this.sse = new SseReader(this.listener, this.limits.record);
      this.sse.feed(this.body);
      this.body = "";
      return;
    }
    if (this.body.length <= this.bodyLimit) return;
    if (this.bodyLimit !== this.limits.errorBody) {
      throw new Failure("limit", `The service's answer is longer than ${this.bodyLimit} characters.`);
    }
    this.listener.onBody(this.body.slice(0, this.bodyLimit));
    this.abort();
  }

  private attempt(step: () => void): void {
    try {
      step();
    } catch (thrown) {
      this.fail(asFailure(thrown));
    }
  }

  private fail(failure: Failure): void {
    if (this.over) return;
    this.abort();
    this.listener.onFailure(failure);
  }
}

function redirected(status: number): Failure {
  return new Failure(
    "bad_response",
    `The service answered with a redirect (${status}), which is never followed with a key. Put the final address into the base URL.`,
    { status, retryable: false, phase: "headers" },
  );
}
