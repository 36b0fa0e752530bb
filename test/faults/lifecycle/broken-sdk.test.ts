import assert from "node:assert/strict";
import {
  context,
  type MeterProvider,
  metrics,
  ROOT_CONTEXT,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { createRetryFlow } from "../../support/flows/retry.js";
import { answerByWeatherTool, answerCalls, createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

function fail(): never {
  throw new Error("the SDK is broken");
}

/** A span all of whose methods throw. */
const BROKEN_SPAN = new Proxy({}, { get: () => fail });

/** Where an SDK breaks. */
const BREAKS: Record<string, { tracer: () => unknown; meter: () => unknown }> = {
  "gives no tracer and no meter": { tracer: fail, meter: fail },
  "begins no span and makes no instrument": {
    tracer: () => ({ startSpan: fail }),
    meter: () => ({ createHistogram: fail, createCounter: fail }),
  },
  "has broken spans and instruments": {
    tracer: () => ({ startSpan: () => BROKEN_SPAN }),
    meter: () => ({ createHistogram: () => ({ record: fail }), createCounter: () => ({ add: fail }) }),
  },
};

for (const [name, { tracer, meter }] of Object.entries(BREAKS)) {
  describe(`SDK of OpenTelemetry that ${name}`, () => {
    const service = useService();
    const runtime = useRuntime();
    before(() => {
      trace.setGlobalTracerProvider({ getTracer: tracer } as TracerProvider);
      metrics.setGlobalMeterProvider({ getMeter: meter } as MeterProvider);
      context.setGlobalContextManager({
        active: () => ROOT_CONTEXT,
        with: (_context, work, self, ...args) => work.call(self as never, ...args),
        bind: (_context, target) => target,
        enable: () => context as never,
        disable: () => context as never,
      });
    });
    after(() => {
      trace.disable();
      metrics.disable();
      context.disable();
    });

    it("R28: takes no stream, no run and no retry down", async () => {
      service().script = answerByWeatherTool;
      await runtime().deploy(createRouterFlow(service().url));
      answerCalls(runtime(), "weather", () => "sunny");
      runtime().inject("router", { payload: "Paris" });
      const [end] = await runtime().waitForEnds("out");
      assert.equal(end!.finishReason, "stop");
      assert.equal(joinPayloads(runtime().getMessages("out")), "Let me look. It is sunny.");
      service().script = (reply) => reply.say("Hello");
      service().queue.push((reply) => reply.sendJson(503, { error: { message: "Busy" } }));
      await runtime().deploy(createRetryFlow(service().url));
      runtime().clearMessages();
      runtime().inject("ask", { payload: "Hi" });
      const [last] = await runtime().waitForEnds("out");
      assert.equal(last!.finishReason, "stop");
      assert.deepEqual(runtime().getMessages("errors"), []);
    });
  });
}
