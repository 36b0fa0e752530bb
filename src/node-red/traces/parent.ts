import type { Context } from "@opentelemetry/api";
import { findFailedSpan } from "./failed-spans.js";
import type { TraceApi } from "./load-api.js";

/** What a message says of the trace that it belongs to (W3C Trace Context). A flow may set it to anything. */
export interface TraceParent {
  traceparent?: unknown;
  tracestate?: unknown;
  [property: string]: unknown;
}

/** Version 00: the ids of the trace and of the span, and flags. An id of zeros alone is not valid. */
const TRACE_PARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

const SAMPLED = 1;

/**
 * Finds the context that a request belongs to: that of a span that runs, otherwise the one that the message names.
 * @returns a context without a span if there is none, or the message's is not valid
 */
function findParent(api: TraceApi, { traceparent, tracestate }: TraceParent): Context {
  const active = api.context.active();
  if (api.trace.getSpan(active)?.isRecording()) return active;
  const match = typeof traceparent === "string" ? TRACE_PARENT.exec(traceparent) : null;
  if (!match) return active;
  const [, traceId = "", spanId = "", flags = "00"] = match;
  const state = typeof tracestate === "string" ? api.createTraceState(tracestate) : undefined;
  return api.trace.setSpanContext(active, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & SAMPLED,
    isRemote: true,
    ...(state ? { traceState: state } : {}),
  });
}

/** What a request belongs to, and which failure it is to make up for. */
interface AttemptParent {
  context: Context;
  /** Code of the failure of the attempt before; undefined if this is the first one. */
  failedBefore: string | undefined;
}

/** Finds the context that a request belongs to. A further attempt belongs to what the attempt before belonged to. */
export function findParentOfAttempt(api: TraceApi, message: TraceParent): AttemptParent {
  const failed = findFailedSpan(message.traceparent);
  return { context: failed?.parent ?? findParent(api, message), failedBefore: failed?.code };
}

/** @returns `msg.traceparent` for what follows on a span */
export function formatTraceParent({
  traceId,
  spanId,
  traceFlags,
}: {
  traceId: string;
  spanId: string;
  traceFlags: number;
}): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}
