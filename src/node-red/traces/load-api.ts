/** The API of OpenTelemetry, which an author's SDK implements. */
export type TraceApi = typeof import("@opentelemetry/api");

/** Where every copy of the API keeps what an SDK has registered. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");

let api: TraceApi | null | undefined;

/**
 * Loads the API once an SDK has registered with it. Without an SDK this is one look at a global, and nothing is loaded.
 * @returns undefined if there is no SDK, or the optional package is not installed
 */
export function loadTraceApi(): TraceApi | undefined {
  const registered = (globalThis as Record<symbol, unknown>)[REGISTRY] as
    | { trace?: unknown; metrics?: unknown }
    | undefined;
  if (!registered?.trace && !registered?.metrics) return undefined;
  if (api === undefined) {
    try {
      api = require("@opentelemetry/api") as TraceApi;
    } catch {
      api = null;
    }
  }
  return api ?? undefined;
}
