import assert from "node:assert/strict";
import { guardEachTest } from "../../support/runtime/guards.js";
import { type ChaosServer, startChaosServer } from "../../support/services/chaos-server.js";
import {
  buildCallEvents,
  buildEnd,
  buildEvent,
  buildMessageEvents,
  buildReasoningEvents,
  buildStream,
  COUNTED,
  formatEvents,
  listItems,
  numberEvents,
  START,
  type WireEvent,
} from "../../support/services/responses-records.js";
import {
  ask as askTarget,
  assertStreamComplete,
  assertStreamFailed,
} from "../../support/worlds/started-stream.js";

const SSE = { "content-type": "text/event-stream" };
const WORDS = ["Grüße ", "aus ", "Köln 👋🏽"];
const TEXT = WORDS.join("");
const ITEMS = [...buildReasoningEvents(["Hm."]), ...buildMessageEvents(WORDS, 1)];
const STREAM = buildStream(ITEMS);
const ERROR = { type: "server_error", code: "server_error", message: "The model broke down.", param: null };

const ask = (server: ChaosServer, tolerant = false) => askTarget(server, { api: "responses", tolerant });

/** Answers each request with one of these streams, or with one text. */
async function answerWith(...bodies: readonly (readonly WireEvent[] | string)[]): Promise<ChaosServer> {
  return startChaosServer((peer, nth) => {
    const body = bodies[Math.min(nth, bodies.length - 1)]!;
    return peer.respond(200, SSE, typeof body === "string" ? body : formatEvents(body));
  });
}

/** The text and the reasoning in the first events of the stream. */
function readBegun(count: number): { text: string; hasContent: boolean } {
  const begun = STREAM.slice(0, count);
  const isDelta = ({ type }: WireEvent, kind: string) => type === `response.${kind}.delta`;
  const texts = begun.filter((event) => isDelta(event, "output_text")).map(({ delta }) => delta);
  const hasContent = texts.length > 0 || begun.some((event) => isDelta(event, "reasoning_summary_text"));
  return { text: texts.join(""), hasContent };
}

describe("Response in the form of Responses with a fault", () => {
  guardEachTest();

  it("P02: takes a whole response in JSON, and a stream with nothing but its end, as the answer", async () => {
    const { response } = buildEnd(listItems(ITEMS)) as { response: object };
    await using server = await startChaosServer((peer, nth) =>
      nth === 0
        ? peer.respond(200, { "content-type": "application/json" }, JSON.stringify(response))
        : peer.respond(200, SSE, formatEvents([buildEnd(listItems(ITEMS))])),
    );
    for (const _ of [1, 2]) {
      const answer = await ask(server);
      assertStreamComplete(answer, TEXT);
      assert.equal(answer.result.completion.choices[0]!.message.reasoning_content, "Hm.");
      assert.deepEqual(answer.result.completion.usage, COUNTED);
    }
  });

  it("P02: reads a stream without deltas, whose items come only when they are done", async () => {
    const done = [
      ...START,
      ...ITEMS.filter(({ type }) => type === "response.output_item.done"),
      buildEnd([]),
    ];
    await using server = await answerWith(numberEvents(done));
    const answer = await ask(server);
    assertStreamComplete(answer, TEXT);
    assert.equal(answer.result.completion.choices[0]!.message.reasoning_content, "Hm.");
  });

  const FAILURES: Record<string, readonly WireEvent[]> = {
    "a nested error": [{ type: "error", error: ERROR }],
    "a flat error": [{ ...ERROR, type: "error" }],
    "a failed response": [
      buildEvent("failed", { response: { id: "resp_1", status: "failed", error: ERROR } }),
    ],
    "an error and a failed response": [
      { type: "error", error: ERROR },
      buildEvent("failed", { response: { id: "resp_1", status: "failed", error: ERROR } }),
    ],
  };
  for (const [name, failure] of Object.entries(FAILURES)) {
    it(`P04: ends at ${name} after any event, once, with the text so far and the service's words`, async () => {
      for (let at = 1; at < STREAM.length; at++) {
        const { text: partial, hasContent } = readBegun(at);
        await using server = await answerWith([...STREAM.slice(0, at), ...failure, ...STREAM.slice(at)]);
        const phase = hasContent ? "streaming" : "first_chunk";
        const { message } = assertStreamFailed(await ask(server), "server_error", {
          phase,
          retryable: true,
          partial,
        });
        assert.match(message, /The model broke down/);
      }
    });
  }

  it("P05: fails on a record that is not JSON after any event, or counts it if the request is tolerant", async () => {
    const broken = 'event: x\ndata: {"type":"response.output_text.delta","del\n\n';
    for (let at = 2; at < STREAM.length - 1; at++) {
      const body = `${formatEvents(STREAM.slice(0, at))}${broken}${formatEvents(STREAM.slice(at))}`;
      await using server = await answerWith(body);
      const { text: partial, hasContent } = readBegun(at);
      const phase = hasContent ? "streaming" : "first_chunk";
      assertStreamFailed(await ask(server), "bad_response", { phase, retryable: true, partial });
      const tolerant = await ask(server, true);
      assertStreamComplete(tolerant, TEXT);
      assert.equal(tolerant.result.skipped, 1);
    }
  });

  it("P16: ends an incomplete answer as length or content_filter, also within a tool call", async () => {
    for (const [reason, finish] of [
      ["max_output_tokens", "length"],
      ["content_filter", "content_filter"],
    ] as const) {
      const end = { status: "incomplete", incomplete_details: { reason } };
      const call = buildCallEvents("call_1", "f", ['{"a":1'], 2).slice(0, 2);
      await using server = await answerWith(
        buildStream(ITEMS, end, "incomplete"),
        buildStream(ITEMS, end, "completed"),
        buildStream([...ITEMS, ...call], end, "incomplete"),
      );
      for (const _ of [1, 2, 3]) assertStreamComplete(await ask(server), TEXT, finish);
    }
  });

  it("P20: completes an empty answer, and fails with interrupted if a begun one has only the end marker of Chat Completions", async () => {
    await using server = await answerWith(buildStream([]), `${formatEvents(START)}data: [DONE]\n\n`, START);
    assertStreamComplete(await ask(server), "");
    for (const _ of [1, 2])
      assertStreamFailed(await ask(server), "interrupted", { phase: "first_chunk", retryable: true });
  });

  it("N14: fails with interrupted, never with half an answer, if the stream ends after any event but its last", async () => {
    for (let at = 1; at < STREAM.length; at++) {
      const { text: partial, hasContent } = readBegun(at);
      const phase = hasContent ? "streaming" : "first_chunk";
      const begun = formatEvents(STREAM.slice(0, at)).toString();
      await using server = await answerWith(begun, `${begun}data: [DONE]\n\n`);
      for (const _ of [1, 2])
        assertStreamFailed(await ask(server), "interrupted", { phase, retryable: true, partial });
    }
  });

  it("N12: sends no broken character if the connection is reset within one", async () => {
    const bytes = formatEvents(STREAM);
    const ends = [...bytes.keys()].filter((at) => (bytes[at]! & 0xc0) === 0x80);
    assert.ok(ends.length > 5);
    for (const end of ends) {
      await using server = await startChaosServer(async (peer) => {
        await peer.sendStreamHead();
        await peer.sendBody(bytes.subarray(0, end));
        // What was sent must reach the client before the reset.
        await new Promise((resolve) => setTimeout(resolve, 10));
        peer.reset();
      });
      const { text, result } = await ask(server);
      assert.equal(result.failure?.code, "interrupted");
      assert.ok(TEXT.startsWith(text), text);
    }
  });
});
