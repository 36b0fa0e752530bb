/** Headers of a stream of server-sent events, such that no proxy holds events back. */
export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache, no-transform",
  "X-Accel-Buffering": "no",
};

/** A comment that keeps a connection open. It is not “: ping”, because the client Continue stops reading at such a line. */
export const KEEP_ALIVE_COMMENT = ": keep-alive\n\n";

/** Formats a record as an event without a name. */
export function formatEvent(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
