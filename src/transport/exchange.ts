import { StringDecoder } from "node:string_decoder";
import type { Dispatcher } from "undici";
import type { WireRequest } from "../core/chat/request.js";
import type { Headers } from "../core/errors/retry-hint.js";
import { Failure, toFailure } from "../core/failure.js";
import type { Limits, Timeouts } from "../core/limits.js";
import { type BodyListener, createBodyReader } from "./body.js";
import { createTransportFailure } from "./errors.js";
import { type Framing, isEncoded, readFraming, refuseEncoded } from "./framing.js";
import { startWaiting } from "./pool.js";
import type { RecordReader } from "./record-reader.js";

/** What one request brings, in order: connected, then response, then records or a body, then end or failure. */
export interface ExchangeListener extends BodyListener {
  onConnected(): void;
  onResponse(status: number, headers: Headers): void;
  /** Bytes came, before their records are delivered. */
  onBytes(): void;
  /** All records of one read of the socket have been delivered. */
  onReadEnd(): void;
  /** Where the body is wanted as it is: its bytes, in place of records. */
  onRawBytes?(bytes: Buffer): void;
  /** The body ended without error; whether the answer is whole is not for HTTP to say. */
  onEnd(): void;
  onFailure(failure: Failure): void;
}

/** How long undici's own timers wait; set above ours, so that they only act if ours are broken. */
export interface Backstops {
  headersTimeout: number;
  bodyTimeout: number;
}

/** How much later than ours undici's own timers act, milliseconds. */
const BACKSTOP_MARGIN_MS = 5_000;

export function buildBackstops(timeouts: Readonly<Timeouts>): Backstops {
  return {
    headersTimeout: timeouts.headers + BACKSTOP_MARGIN_MS,
    bodyTimeout: Math.max(timeouts.firstChunk, timeouts.idle, timeouts.drain) + BACKSTOP_MARGIN_MS,
  };
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** After an answer's end the connection is kept for the next if the server ends the body within this, in ms. */
const MAX_LINGER_MS = 100;

/**
 * One request and its response, on undici's dispatch handler: no stream and no promise between the socket and
 * the listener. Follows no redirects (a key must not travel) and inflates nothing.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  /** Made when a read ends within a character; until then each read is decoded for itself. */
  private decoder: StringDecoder | undefined;
  private framing: Framing = "json";
  private reader: RecordReader | undefined;
  private stopWaiting: (() => void) | undefined;
  private host = "";
  private hasHeaders = false;
  /** The response is no success: its body is an error's. */
  private isRefusal = false;
  private refusalText = "";
  /** The listener wants bytes. */
  private isRaw = false;
  /** Nothing more is told. */
  private isDetached = false;
  /** The body has ended, so that there is no connection left to end. */
  private bodyEnded = false;
  private lingerTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits: Readonly<Limits>,
    private readonly listener: ExchangeListener,
    /** JSON is wanted in one piece, be it a list. */
    private readonly wantsWholeBody = false,
  ) {}

  /** The request is not kept: a long conversation need not stay in memory for as long as its answer streams. */
  send(request: WireRequest, dispatcher: Dispatcher, backstops: Backstops): void {
    const { url } = request;
    this.host = url.host;
    this.stopWaiting = startWaiting();
    try {
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: request.method,
          headers: request.headers,
          body: request.body ?? null,
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
    this.isDetached = true;
    this.disconnect();
  }

  /** Nothing more is wanted; the connection is kept if the body ends by itself at once. */
  finish(): void {
    if (this.isDetached) return;
    this.isDetached = true;
    if (this.bodyEnded) return;
    this.lingerTimer = setTimeout(() => this.disconnect(), MAX_LINGER_MS);
    this.lingerTimer.unref();
  }

  /** Takes the body of a refusal for whole: the status says most, and the rest may never come. */
  deliverRefusal(): void {
    if (this.isDetached || !this.isRefusal) return;
    this.abort();
    this.listener.onBody(this.refusalText.slice(0, this.limits.errorBody));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.stopWaiting?.();
    if (this.isDetached) controller.abort(new Error("aborted"));
    else this.listener.onConnected();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (this.isDetached || status < 200) return;
    this.hasHeaders = true;
    // undici would keep them, a dozen buffers, until the stream ends.
    controller.rawHeaders = null;
    this.runSafely(() => {
      this.isRefusal = status >= 300;
      this.listener.onResponse(status, headers);
      if (REDIRECTS.has(status)) throw createRedirectFailure(status);
      if (this.isRefusal) {
        if (isEncoded(headers)) this.deliverRefusal();
        return;
      }
      this.isRaw = this.listener.onRawBytes !== undefined;
      if (this.isRaw) refuseEncoded(headers);
      else this.framing = readFraming(headers);
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.isDetached) return;
    try {
      this.listener.onBytes();
      if (this.isRaw) this.listener.onRawBytes?.(bytes);
      else this.read(this.decode(bytes));
      if (!this.isDetached) this.listener.onReadEnd();
    } catch (thrown) {
      this.fail(toFailure(thrown));
    }
  }

  onResponseEnd(): void {
    clearTimeout(this.lingerTimer);
    this.bodyEnded = true;
    this.runSafely(() => {
      if (this.isDetached) return;
      this.read(this.decoder?.end() ?? "");
      if (this.isRefusal) this.deliverRefusal();
      if (this.reader) this.reader.end();
      else if (!this.isDetached && !this.isRaw) this.listener.onBody("");
      if (!this.isDetached) this.listener.onEnd();
    });
    this.isDetached = true;
  }

  onResponseError(_controller: unknown, error: unknown): void {
    clearTimeout(this.lingerTimer);
    this.stopWaiting?.();
    this.bodyEnded = true;
    if (this.isDetached) return;
    // A service that refuses may hang up on what it has not read; its refusal has come all the same.
    if (this.isRefusal) {
      this.deliverRefusal();
      return;
    }
    this.isDetached = true;
    this.listener.onFailure(createTransportFailure(error, this.host, this.hasHeaders));
  }

  private decode(bytes: Buffer): string {
    // A character of one byte at the end: no other is cut in two.
    if (!this.decoder && bytes[bytes.length - 1]! < 0x80) return bytes.toString("utf8");
    this.decoder ??= new StringDecoder("utf8");
    return this.decoder.write(bytes);
  }

  private read(text: string): void {
    if (this.reader) this.reader.feed(text);
    else if (this.isRefusal) {
      this.refusalText += text;
      if (this.refusalText.length > this.limits.errorBody) this.deliverRefusal();
    } else if (text !== "") {
      this.reader = createBodyReader(this.framing, text, this.listener, this.limits, this.wantsWholeBody);
      this.reader.feed(text);
    }
  }

  private disconnect(): void {
    clearTimeout(this.lingerTimer);
    // Once the body has ended, the connection may be another stream's.
    if (this.bodyEnded) return;
    this.stopWaiting?.();
    this.controller?.abort(new Error("aborted"));
  }

  private runSafely(step: () => void): void {
    try {
      step();
    } catch (thrown) {
      this.fail(toFailure(thrown));
    }
  }

  private fail(failure: Failure): void {
    if (this.isDetached) return;
    this.abort();
    this.listener.onFailure(failure);
  }
}

function createRedirectFailure(status: number): Failure {
  return new Failure(
    "bad_response",
    `The service answered with a redirect (${status}), which is never followed with a key. Put the final address into the base URL.`,
    { status, retryable: false, phase: "headers" },
  );
}
