import { context, metrics, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";

/** An SDK that keeps spans and measurements in memory. */
export interface Tracing {
  /** The spans that have ended, in this order. */
  listSpans(): ReadableSpan[];
  /** Finds the spans with this beginning of their name. */
  findSpans(name: string): ReadableSpan[];
  clear(): void;
  /** @returns the latest measurement of an instrument; undefined if there is none */
  measure(name: string): Promise<{ unit: string; point: DataPoint<unknown> } | undefined>;
}

/** Registers an SDK for the tests of the current suite. @param hasContext whether surroundings follow asynchronous work */
export function useTracing(hasContext = true): Tracing {
  const spans = new InMemorySpanExporter();
  const measured = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 3_600_000 });
  before(() => {
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
    );
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    if (hasContext) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  after(async () => {
    trace.disable();
    metrics.disable();
    context.disable();
    await reader.shutdown();
  });
  beforeEach(async () => {
    spans.reset();
    await reader.forceFlush();
    measured.reset();
  });
  const listSpans = () => spans.getFinishedSpans();
  return {
    listSpans,
    findSpans: (name) => listSpans().filter((span) => span.name.startsWith(name)),
    clear: () => spans.reset(),
    measure: async (name) => {
      await reader.forceFlush();
      const all = measured
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((one) => one.metrics));
      const found = all.findLast(({ descriptor }) => descriptor.name === name);
      const point = found?.dataPoints.at(-1);
      return found && point && { unit: found.descriptor.unit, point };
    },
  };
}

/** Reads the id of the span that a span belongs to. */
export function readParentId(span: ReadableSpan | undefined): string | undefined {
  return span?.parentSpanContext?.spanId;
}

/** Reads the id of a span. */
export function readSpanId(span: ReadableSpan | undefined): string {
  return span!.spanContext().spanId;
}
