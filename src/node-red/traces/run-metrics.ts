import type { Histogram, Meter } from "@opentelemetry/api";
import type { TraceApi } from "./load-api.js";
import { SCOPE } from "./metrics.js";
import { describeAgent } from "./run-conventions.js";

/** Bounds of the buckets: each twice the one before. */
const double = (first: number, count: number) =>
  Array.from({ length: count }, (_, power) => first * 2 ** power);

interface RunInstruments {
  callDuration: Histogram;
  runDuration: Histogram;
  requests: Histogram;
  calls: Histogram;
}

/** The instruments, and the meter whose SDK they write to. */
let current: { meter: Meter; instruments: RunInstruments } | undefined;

/** Records a tool call. @param code code of its failure; `""` without one */
export function recordCall(api: TraceApi, tool: string, seconds: number, code: string): void {
  getInstruments(api).callDuration.record(seconds, {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": tool,
    ...(code ? { "error.type": code } : {}),
  });
}

/** What is measured of a run. */
interface RunMeasurement {
  seconds: number;
  /** Code of its failure; `""` without one. */
  code: string;
  requests: number;
  /** Tool calls that were made. */
  calls: number;
}

/** Records a run that has ended. @param agent name of the node */
export function recordRun(
  api: TraceApi,
  agent: string,
  { seconds, code, requests, calls }: RunMeasurement,
): void {
  const instruments = getInstruments(api);
  const attributes = describeAgent(agent);
  instruments.runDuration.record(seconds, { ...attributes, ...(code ? { "error.type": code } : {}) });
  instruments.requests.record(requests, attributes);
  instruments.calls.record(calls, attributes);
}

function getInstruments(api: TraceApi): RunInstruments {
  const meter = api.metrics.getMeter(SCOPE);
  if (current?.meter !== meter) current = { meter, instruments: createInstruments(meter) };
  return current.instruments;
}

function createInstruments(meter: Meter): RunInstruments {
  const create = (name: string, unit: string, bounds: number[]) =>
    meter.createHistogram(`gen_ai.${name}`, { unit, advice: { explicitBucketBoundaries: bounds } });
  return {
    callDuration: create("execute_tool.duration", "s", double(0.01, 14)),
    runDuration: create("invoke_agent.duration", "s", double(0.1, 13)),
    requests: create("invoke_agent.inference_calls", "{call}", double(1, 8)),
    calls: create("invoke_agent.tool_calls", "{call}", double(1, 8)),
  };
}
