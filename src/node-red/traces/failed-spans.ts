import type { Context, Span } from "@opentelemetry/api";
import { RecentMap } from "../../core/lifecycle/recent-map.js";

/** A span that ended with a failure: what it belonged to, and the code of the failure. */
interface FailedSpan {
  parent: Context;
  code: string;
}

/** How many spans are remembered, over all nodes. */
const MAX_FAILED = 1000;

/** Spans that failed lately, by their ids. A `retry` node asks again with a message that names such a span. */
const failedSpans = new RecentMap<FailedSpan>(MAX_FAILED);

/** Remembers a span that failed, so that a span of another attempt stands beside it and not below it. */
export function rememberFailedSpan(span: Span, parent: Context, code: string): void {
  failedSpans.set(span.spanContext().spanId, { parent, code });
}

/** @param traceparent of the message that asks again */
export function findFailedSpan(traceparent: unknown): FailedSpan | undefined {
  const [, , spanId = ""] = typeof traceparent === "string" ? traceparent.split("-", 3) : [];
  return failedSpans.get(spanId);
}
