import type { Context, Span } from "@opentelemetry/api";
import type { Attributes } from "./conventions.js";
import { rememberFailedSpan } from "./failed-spans.js";
import type { TraceApi } from "./load-api.js";
import { SCOPE } from "./metrics.js";
import { formatTraceParent } from "./parent.js";

/** A span of work within this process. What an SDK throws does not reach the work. */
export class OpenSpan {
  private constructor(
    private readonly api: TraceApi,
    private readonly parent: Context,
    private readonly span: Span,
    /** The surroundings of what is done for the span. */
    readonly context: Context,
    /** `msg.traceparent` for whoever works for the span; undefined if nothing is recorded. */
    readonly traceparent: string | undefined,
  ) {}

  /** @returns undefined if the SDK fails */
  static begin(api: TraceApi, name: string, attributes: Attributes, parent: Context): OpenSpan | undefined {
    try {
      const span = api.trace.getTracer(SCOPE).startSpan(name, { attributes }, parent);
      const traceparent = span.isRecording() ? formatTraceParent(span.spanContext()) : undefined;
      return new OpenSpan(api, parent, span, api.trace.setSpan(parent, span), traceparent);
    } catch {
      return undefined;
    }
  }

  /** Does something within the span, so that the spans of what it starts are children. */
  run(work: () => void): void {
    this.api.context.with(this.context, work);
  }

  add(attributes: Attributes): void {
    try {
      this.span.setAttributes(attributes);
    } catch {
      // The work goes on without.
    }
  }

  /** @param code of the failure; `""` without one */
  end(code: string): void {
    const { api, span } = this;
    try {
      if (code !== "") {
        span.setAttributes({ "error.type": code });
        span.setStatus({ code: api.SpanStatusCode.ERROR, message: code });
        rememberFailedSpan(span, this.parent, code);
      }
      span.end();
    } catch {
      // The work goes on without a trace.
    }
  }
}
