import { StringDecoder } from "node:string_decoder";
import type { Dispatcher } from "undici";
import type { WireRequest } from "../core/chat/request.js";
import { type Failure, toFailure } from "../core/failure.js";
import type { Headers } from "../core/headers.js";
import type { Limits, Timeouts } from "../core/limits.js";
import { createRedirectFailure, createTransportFailure, isRedirect } from "./errors.js";
import { startWaiting } from "./pool.js";
import { type BodyListener, createBodyReader } from "./records/body.js";
import {
  createContentTypeFailure,
  type Framing,
  isEncoded,
  readContentType,
  readFraming,
  refuseEncoded,
} from "./records/framing.js";
import type { RecordReader } from "./records/record-reader.js";
import { joinRead, type ReadEndListener, takeReadBytes } from "./socket-meter.js";

/** Receives the events of one exchange, in this order: connected, response, records or a body, then end or failure. */
export interface ExchangeListener extends BodyListener {
  /** A connection is open, and the request is being sent. */
  onConnected(): void;
  /** The response's headers came. What this throws fails the exchange. */
  onResponse(status: number, headers: Headers): void;
  /**
   * Bytes came. Their records are delivered next. What this throws fails the exchange.
   * @param bytes how many bytes the socket read for them, HTTP's own framing included
   */
  onBytes(bytes: number): void;
  /** All records of bytes that came together have been delivered. */
  onReadEnd(): void;
  /** If defined, a successful body is delivered as bytes instead of records. */
  onRawBytes?(bytes: Buffer): void;
  /** The body ended without an error. HTTP does not know whether the answer is complete. */
  onEnd(): void;
  /** The exchange failed. Nothing follows. */
  onFailure(failure: Failure): void;
}

/** Undici's own timeouts, in milliseconds. They are longer than ours, so that they act only if ours fail. */
export interface Backstops {
  headersTimeout: number;
  bodyTimeout: number;
}

/** How much longer undici's timeouts are than ours. */
const BACKSTOP_MARGIN_MS = 5_000;

/** Builds undici's timeouts from those of a stream. */
export function buildBackstops(timeouts: Readonly<Timeouts>): Backstops {
  return {
    headersTimeout: timeouts.headers + BACKSTOP_MARGIN_MS,
    bodyTimeout: Math.max(timeouts.firstChunk, timeouts.idle, timeouts.drain) + BACKSTOP_MARGIN_MS,
  };
}

/**
 * Parts of a body are joined up to this size. A text of more than 64 KiB would be a large object, which V8 is slow to make,
 * and one wide character makes all others of its text wide.
 */
const MAX_JOINED_BYTES = 8 * 1024;

/** The buffer in which parts are joined. All exchanges share it, because new memory for each join would be freed late. */
const joinedBytes = Buffer.allocUnsafeSlow(2 * MAX_JOINED_BYTES);

/** After the end of an answer, the connection is kept for the next request if the server ends the body within this time. */
const MAX_LINGER_MS = 100;

/**
 * One request and its response. It is a dispatch handler of undici, so there is no stream and no promise between the
 * socket and the listener. It follows no redirect, because the key must not travel elsewhere, and decompresses nothing.
 */
export class Exchange implements Dispatcher.DispatchHandler, ReadEndListener {
  private controller: Dispatcher.DispatchController | undefined;
  /** Parts of the body that came in the current read. To decode them together is cheaper than one by one. */
  private parts: Buffer[] | undefined;
  private partBytes = 0;
  /** Keeps the bytes of a cut character. Undefined until a part first ends within one; parts are decoded alone until then. */
  private decoder: StringDecoder | undefined;
  private framing: Framing = "json";
  private contentType = "";
  private reader: RecordReader | undefined;
  /** Says that the request no longer waits for a connection. */
  private stopWaiting: (() => void) | undefined;
  private host = "";
  /** Whether the response's headers came. */
  private hasHeaders = false;
  /** Whether the status is 300 or higher, so that the body describes an error. */
  private isRefusal = false;
  private refusalText = "";
  /** Whether the listener gets bytes instead of records. */
  private isRaw = false;
  /** Whether the listener gets no more events. */
  private isDetached = false;
  /** Whether the body has ended, so that the connection may already serve another stream. */
  private bodyEnded = false;
  private lingerTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits: Readonly<Limits>,
    private readonly listener: ExchangeListener,
    /** Whether to deliver JSON as one body, arrays included. */
    private readonly wantsWholeBody = false,
  ) {}

  /** Sends the request. It is not stored, so that a long conversation does not stay in memory while the answer streams. */
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

  /** Ends the exchange and closes the connection: a service goes on generating and billing as long as it is open. */
  abort(): void {
    this.isDetached = true;
    this.disconnect();
  }

  /** Ends the exchange after a complete answer. The connection is kept if the body ends within `MAX_LINGER_MS`. */
  finish(): void {
    if (this.isDetached) return;
    this.isDetached = true;
    if (this.bodyEnded) return;
    this.lingerTimer = setTimeout(() => this.disconnect(), MAX_LINGER_MS);
    this.lingerTimer.unref();
  }

  /** Delivers the body of a refusal as far as it has come, without waiting for a rest that may never come. */
  deliverRefusal(): void {
    if (this.isDetached || !this.isRefusal) return;
    this.abort();
    this.listener.onBody(this.refusalText.slice(0, this.limits.errorBody));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.stopWaiting?.();
    this.stopWaiting = undefined;
    if (this.isDetached) controller.abort(new Error("aborted"));
    else this.listener.onConnected();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (this.isDetached || status < 200) return;
    this.hasHeaders = true;
    // Undici would keep these buffers until the stream ends.
    controller.rawHeaders = null;
    this.runSafely(() => {
      this.isRefusal = status >= 300;
      this.listener.onResponse(status, headers);
      if (isRedirect(status)) throw createRedirectFailure(status);
      if (this.isRefusal) {
        if (isEncoded(headers)) this.deliverRefusal();
        return;
      }
      this.isRaw = this.listener.onRawBytes !== undefined;
      if (this.isRaw) refuseEncoded(headers);
      else {
        this.framing = readFraming(headers);
        this.contentType = readContentType(headers);
      }
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.isDetached) return;
    if (this.isRaw || !joinRead(this)) {
      this.deliver(bytes);
      return;
    }
    if (this.parts) this.parts.push(bytes);
    else this.parts = [bytes];
    this.partBytes += bytes.length;
    if (this.partBytes >= MAX_JOINED_BYTES) this.onSocketRead();
  }

  onSocketRead(): void {
    const { parts } = this;
    if (!parts) return;
    this.parts = undefined;
    this.partBytes = 0;
    this.deliver(parts.length === 1 ? parts[0]! : joinParts(parts));
  }

  onResponseEnd(): void {
    clearTimeout(this.lingerTimer);
    this.bodyEnded = true;
    this.onSocketRead();
    this.runSafely(() => {
      if (this.isDetached) return;
      this.read(this.decoder?.end() ?? "");
      if (this.isRefusal) this.deliverRefusal();
      if (this.reader) this.reader.end();
      else if (!this.isDetached && !this.isRaw) this.deliverEmptyBody();
      if (!this.isDetached) this.listener.onEnd();
    });
    this.isDetached = true;
  }

  onResponseError(_controller: unknown, error: unknown): void {
    clearTimeout(this.lingerTimer);
    this.stopWaiting?.();
    this.bodyEnded = true;
    this.onSocketRead();
    if (this.isDetached) return;
    // A service that refuses may close the connection before it has read the request. The refusal has come all the same.
    if (this.isRefusal) {
      this.deliverRefusal();
      return;
    }
    this.isDetached = true;
    this.listener.onFailure(createTransportFailure(error, this.host, this.hasHeaders));
  }

  private deliver(bytes: Buffer): void {
    if (this.isDetached) return;
    try {
      this.listener.onBytes(Math.max(bytes.length, takeReadBytes()));
      if (this.isRaw) this.listener.onRawBytes?.(bytes);
      else this.read(this.decode(bytes));
      if (!this.isDetached) this.listener.onReadEnd();
    } catch (thrown) {
      this.fail(toFailure(thrown));
    }
  }

  private decode(bytes: Buffer): string {
    // If the last byte is a character of its own, no character is cut in two.
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
      const { framing, contentType, wantsWholeBody: whole } = this;
      this.reader = createBodyReader(text, { framing, contentType, whole }, this.listener, this.limits);
      this.reader.feed(text);
    }
  }

  private deliverEmptyBody(): void {
    if (this.framing === "doubtful") throw createContentTypeFailure(this.contentType);
    this.listener.onBody("");
  }

  private disconnect(): void {
    clearTimeout(this.lingerTimer);
    // Once the body has ended, another stream may use the connection.
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

/** Joins parts. @returns bytes that are valid until the next call */
function joinParts(parts: readonly Buffer[]): Buffer {
  let end = 0;
  for (const part of parts) {
    if (end + part.length > joinedBytes.length) return Buffer.concat(parts);
    joinedBytes.set(part, end);
    end += part.length;
  }
  return joinedBytes.subarray(0, end);
}
