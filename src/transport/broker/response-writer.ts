import type { Dispatcher } from "undici";
import type { Failure } from "../../core/failure.js";

/** Delivers an answer that does not come by HTTP to a handler of undici, as an HTTP response. Ends exactly once. */
export class ResponseWriter implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders: null = null;
  rawTrailers: null = null;
  /** Called once if the handler aborts the request. */
  onAbort: () => void = () => {};
  private isOver = false;

  constructor(private readonly handler: Dispatcher.DispatchHandler) {}

  /** Says that the request is being sent. */
  start(): void {
    if (!this.isOver) this.handler.onRequestStart?.(this, {});
  }

  begin(contentType: string): void {
    if (!this.isOver) this.handler.onResponseStart?.(this, 200, { "content-type": contentType }, "OK");
  }

  write(text: string): void {
    if (!this.isOver && text !== "") this.handler.onResponseData?.(this, Buffer.from(text));
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.handler.onResponseEnd?.(this, {});
  }

  fail(failure: Failure): void {
    if (this.isOver) return;
    this.isOver = true;
    this.handler.onResponseError?.(this, failure);
  }

  abort(reason: Error = new Error("aborted")): void {
    if (this.isOver) return;
    this.aborted = true;
    this.reason = reason;
    this.isOver = true;
    this.onAbort();
    this.handler.onResponseError?.(this, reason);
  }

  /** Only notes the wish. Workers cannot be paused, and one answer is small enough to hold. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}
