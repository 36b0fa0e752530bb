import type { Context, Span } from "@opentelemetry/api";
import type { ChatResult, ChatSetup } from "../../client/chat-types.js";
import { CassettePlayer } from "../../transport/cassette/player.js";
import { describeContent, isContentWanted } from "./content.js";
import { describeRequest, describeResult, describeTarget, type TracedRequest } from "./conventions.js";
import { rememberFailedSpan } from "./failed-spans.js";
import { loadTraceApi, type TraceApi } from "./load-api.js";
import { recordMetrics, SCOPE } from "./metrics.js";
import { findParentOfAttempt, formatTraceParent, type TraceParent } from "./parent.js";

/**
 * The trace of one request to a service. It is made when the request is asked for, since the surroundings are those of the
 * asker only then; the span begins when the request is sent. What an SDK throws never reaches the stream.
 */
export class ChatTrace {
  private span: Span | undefined;
  private traced: TracedRequest | undefined;

  private constructor(
    private readonly api: TraceApi,
    private readonly parent: Context,
    private readonly attempt: number,
    /** Code of the failure of the attempt before, if there was one here. */
    private readonly failedBefore: string | undefined,
  ) {}

  /**
   * @param attempt which attempt of a retry node the request is, from 1
   * @returns undefined if no SDK has registered
   */
  static open(message: TraceParent, attempt: number): ChatTrace | undefined {
    const api = loadTraceApi();
    if (!api) return undefined;
    try {
      const { context, failedBefore } = findParentOfAttempt(api, message);
      return new ChatTrace(api, context, attempt, failedBefore);
    } catch {
      return undefined;
    }
  }

  /** Begins the span, and starts the request within it, so that a span of the HTTP client is its child. */
  run<T>({ provider, endpoint, request, dispatcher }: ChatSetup, start: () => T): T {
    const { api, attempt } = this;
    const isReplayed = dispatcher instanceof CassettePlayer;
    const traced: TracedRequest = { provider: provider.id, endpoint, request, attempt, isReplayed };
    this.traced = traced;
    let inner = this.parent;
    try {
      this.span = api.trace
        .getTracer(SCOPE)
        .startSpan(
          `chat ${traced.request.model}`.trim(),
          { kind: api.SpanKind.CLIENT, attributes: describeRequest(traced) },
          this.parent,
        );
      if (this.failedBefore !== undefined)
        this.span.addEvent("chat_stream.retry", {
          "chat_stream.attempt": attempt,
          "error.type": this.failedBefore,
        });
      inner = api.trace.setSpan(this.parent, this.span);
    } catch {
      // The stream goes on without a span.
    }
    return api.context.with(inner, start);
  }

  /**
   * Ends the span with what came of the request. A request that was cancelled in the queue has none.
   * @returns the result, with the span for whoever goes on with the answer
   */
  end(result: ChatResult): ChatResult {
    const { api, span, traced } = this;
    if (!traced) return result;
    try {
      recordMetrics(api, describeTarget(traced), result);
      if (span?.isRecording()) {
        span.setAttributes(describeResult(result));
        if (isContentWanted()) span.setAttributes(describeContent(traced, result));
        if (result.failure) {
          const { code } = result.failure;
          // The code alone: the sentence may quote the service.
          span.setStatus({ code: api.SpanStatusCode.ERROR, message: code });
          rememberFailedSpan(span, this.parent, code);
        }
        result.traceparent = formatTraceParent(span.spanContext());
      }
      span?.end();
    } catch {
      // The answer goes on without a trace.
    }
    return result;
  }
}
