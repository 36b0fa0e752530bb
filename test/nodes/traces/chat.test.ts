import assert from "node:assert/strict";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { loadTraceApi } from "../../../src/node-red/traces/load-api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { waitForEnd } from "../../support/runtime/inbox.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { useService } from "../../support/services/use-service.js";
import { useTracing } from "../../support/worlds/tracing.js";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const PARENT_ID = "b7ad6b7169203331";

describe("Traces and metrics of a chat-stream", () => {
  const load = useHelper();
  const service = useService();
  const tracing = useTracing();

  async function ask(message: Record<string, unknown> = {}) {
    const flow = await load(createAskFlow(service().url, { temperature: "0.2", maxTokens: "50" }));
    flow.inject("ask", { payload: "A secret question", ...message });
    const last = await waitForEnd(flow.getInbox("out"));
    return { flow, last };
  }

  it("is one span for each request, by the conventions and without content", async () => {
    service().script = (reply) =>
      reply.send("Hello").finish("stop", {
        prompt_tokens: 30,
        completion_tokens: 12,
        prompt_tokens_details: { cached_tokens: 10 },
        cost: 0.5,
      });
    const { last } = await ask();
    const [span, ...others] = tracing.listSpans();
    assert.equal(others.length, 0);
    assert.equal(span!.name, "chat model-1");
    assert.equal(span!.kind, SpanKind.CLIENT);
    assert.equal(span!.status.code, SpanStatusCode.UNSET);
    const { "gen_ai.response.time_to_first_chunk": firstChunk, ...attributes } = span!.attributes;
    assert.equal(typeof firstChunk, "number");
    assert.deepEqual(attributes, {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "custom",
      "gen_ai.request.model": "model-1",
      "gen_ai.request.stream": true,
      "gen_ai.request.temperature": 0.2,
      "gen_ai.request.max_tokens": 50,
      "server.address": "127.0.0.1",
      "server.port": Number(new URL(service().url).port),
      "gen_ai.response.id": "chatcmpl-1",
      "gen_ai.response.model": "model-1",
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.usage.input_tokens": 30,
      "gen_ai.usage.output_tokens": 12,
      "gen_ai.usage.cache_read.input_tokens": 10,
      "chat_stream.cost.usd": 0.5,
      "chat_stream.cost.source": "service",
    });
    const { traceId, spanId } = span!.spanContext();
    assert.equal(last["traceparent"], `00-${traceId}-${spanId}-01`);
    assert.doesNotMatch(JSON.stringify(span!.attributes), /secret|Hello/);
  });

  it("takes up the traceparent of the message, and ignores one that is not valid", async () => {
    service().script = (reply) => reply.say("Hello");
    await ask({ traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` });
    const [child] = tracing.listSpans();
    assert.equal(child!.spanContext().traceId, TRACE_ID);
    assert.equal(child!.parentSpanContext?.spanId, PARENT_ID);
    for (const wrong of [7, {}, "00-1-2-3", `00-${"0".repeat(32)}-${PARENT_ID}-01`]) {
      tracing.clear();
      await ask({ traceparent: wrong });
      assert.equal(tracing.listSpans()[0]!.parentSpanContext, undefined);
    }
  });

  it("ends with the code of the failure, and of a cancelled stream without a fault", async () => {
    service().script = (reply) => reply.sendJson(500, { error: { message: "It broke with sk-canary" } });
    await ask();
    const [failed] = tracing.listSpans();
    assert.deepEqual(failed!.status, { code: SpanStatusCode.ERROR, message: "server_error" });
    assert.equal(failed!.attributes["error.type"], "server_error");
    assert.doesNotMatch(JSON.stringify(failed!.attributes), /canary/);
    tracing.clear();
    service().script = (reply) => {
      reply.send("Hello");
    };
    const flow = await load(createAskFlow(service().url));
    flow.inject("ask", { payload: "Hi" });
    await flow.getInbox("out").waitForCount(1);
    flow.inject("ask", { cancel: true });
    await waitForEnd(flow.getInbox("out"));
    const [cancelled] = tracing.listSpans();
    assert.equal(cancelled!.status.code, SpanStatusCode.UNSET);
    assert.deepEqual(cancelled!.attributes["gen_ai.response.finish_reasons"], ["error"]);
  });

  it("ends the span of a stream that a deploy cuts off", async () => {
    service().script = (reply) => {
      reply.send("Hello");
    };
    const flow = await load(createAskFlow(service().url));
    flow.inject("ask", { payload: "Hi" });
    await flow.getInbox("out").waitForCount(1);
    await load(createAskFlow(service().url));
    assert.equal(tracing.listSpans().length, 1);
  });

  it("measures durations in buckets of seconds and counts tokens", async () => {
    service().script = (reply) =>
      reply.send("Hello").finish("stop", { prompt_tokens: 30, completion_tokens: 12 });
    await ask();
    const measure = (name: string) => tracing.measure(`gen_ai.client.inference.${name}`);
    const { unit, point } = (await measure("duration"))!;
    assert.equal(unit, "s");
    const { boundaries } = (point.value as { buckets: { boundaries: number[] } }).buckets;
    assert.deepEqual([boundaries[0], boundaries.at(-1)], [0.01, 81.92]);
    assert.deepEqual(
      ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"].map(
        (name) => point.attributes[name],
      ),
      ["chat", "custom", "model-1"],
    );
    assert.ok(await measure("time_to_first_chunk"));
    assert.equal((await measure("usage.input_tokens"))!.point.value, 30);
    assert.equal((await measure("usage.output_tokens"))!.point.value, 12);
  });
});

describe("Traces without an SDK", () => {
  it("load nothing", () => assert.equal(loadTraceApi(), undefined));
});
