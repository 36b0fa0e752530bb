import assert from "node:assert/strict";
import fc from "fast-check";
import { type Answer, RENDERERS } from "../../support/inputs/any-dialect.js";
import { anyText } from "../../support/inputs/arbitraries.js";
import { type PlayedStream, play } from "../../support/inputs/replay.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { FORMS } from "../../support/services/answer-writer.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import {
  buildCallEvents,
  buildEnd,
  buildEvent,
  buildMessageEvents,
  buildReasoningEvents,
  buildResponse,
  buildStream,
  buildTextDelta,
  COUNTED,
  formatEvents,
  listItems,
  numberEvents,
  START,
  type WireEvent,
} from "../../support/services/responses-records.js";
import { createFixture, FOUR_WORDS } from "../../support/worlds/played-answer.js";
import { ask, assertStreamComplete } from "../../support/worlds/started-stream.js";

const SSE = { "content-type": "text/event-stream" };
const TEXT = FOUR_WORDS.join("");
const STREAM = buildStream(buildMessageEvents(FOUR_WORDS));

const playEvents = (events: readonly WireEvent[], tools: string[] = []): PlayedStream =>
  play(createFixture(formatEvents(events), { tools }));

const isDelta = ({ type }: WireEvent) => String(type).endsWith(".delta");

/**
 * Four items at once: two messages, reasoning and a call.
 * @param turns say whose event comes next
 * @param omitted the field that the service leaves out; another one still names the item
 */
function mixItems(
  pieces: readonly (readonly string[])[],
  turns: readonly number[],
  omitted: string,
): WireEvent[] {
  const [first = [], second = [], thoughts = [], input = []] = pieces;
  const left = [
    buildMessageEvents(first, 0),
    buildMessageEvents(second, 1),
    buildReasoningEvents(thoughts, 2),
    buildCallEvents("call_1", "f", input, 3),
  ];
  const items = left.flatMap((events) => listItems(events));
  const mixed: WireEvent[] = [];
  for (let at = 0; left.some((events) => events.length > 0); at++) {
    const next = left[turns[at % turns.length]!]!;
    const event = next.shift() ?? left.find((events) => events.length > 0)!.shift()!;
    mixed.push(Object.fromEntries(Object.entries(event).filter(([name]) => name !== omitted)));
  }
  return numberEvents([...START, ...mixed, buildEnd(items)]);
}

describe("Answer in the form of Responses with a fault of the protocol", () => {
  guardEachTest();

  it("P15: keeps items apart whose events are interleaved, and sends their texts in order of arrival", () => {
    const anyPieces = fc.array(
      anyText.filter((text) => text !== ""),
      { minLength: 1, maxLength: 4 },
    );
    const anyTurns = fc.array(fc.nat(3), { minLength: 1, maxLength: 12 });
    const anyOmission = fc.constantFrom("item_id", "output_index", "");
    const anyParts = fc.tuple(anyPieces, anyPieces, anyPieces, anyPieces);
    fc.assert(
      fc.property(anyParts, anyTurns, anyOmission, (parts, turns, omitted) => {
        const [, , thoughts, input] = parts;
        const events = mixItems(parts, turns, omitted);
        const { messages, result } = playEvents(events, ["f"]);
        const texts = events
          .filter(({ type }) => type === "response.output_text.delta")
          .map(({ delta }) => delta)
          .join("");
        const [choice, ...others] = result.completion.choices;
        const { content, reasoning_content: reasoning, tool_calls: calls = [] } = choice!.message;
        assert.equal(others.length, 0);
        assert.equal(content, texts);
        assert.equal(messages.map(({ text }) => text).join(""), texts);
        assert.equal(reasoning, thoughts.join(""));
        assert.deepEqual(
          calls.map(({ function: called }) => called?.arguments),
          [input.join("")],
        );
      }),
      { numRuns: 200 },
    );
  });

  it("P17: takes the end event for the reason if its response has none, or is missing", async () => {
    const ends: [WireEvent, string][] = [
      [buildEvent("completed"), "stop"],
      [buildEvent("completed", { response: null }), "stop"],
      [buildEvent("completed", { response: {} }), "stop"],
      [buildEvent("done", { response: { status: null } }), "stop"],
      [buildEvent("completed", { response: buildResponse({ status: "odd" }) }), "stop"],
      [buildEvent("incomplete", { response: {} }), "incomplete"],
    ];
    await using server = await startChaosServer((peer, at) =>
      peer.respond(200, SSE, formatEvents([...STREAM.slice(0, -1), ends[at]![0]])),
    );
    for (const [, reason] of ends) {
      const answer = await ask(server, { api: "responses" });
      assertStreamComplete(answer, TEXT, reason);
      assert.equal(answer.result.completion.usage, null);
    }
  });

  it("P18: ignores whatever follows the end, and adds text that comes before it although its item is done", () => {
    const done = STREAM.slice(0, -1);
    const late = [
      buildTextDelta("more", 0, { item_id: "msg_0" }),
      ...buildMessageEvents(["more"], 1),
      buildEnd([], { usage: { input_tokens: 99, output_tokens: 99 } }),
      buildEvent("created", { response: buildResponse({ id: "resp_2" }) }),
      { type: "error", code: "server_error", message: "late" },
    ];
    for (const event of late) {
      const { messages, result } = playEvents([...STREAM, event]);
      assert.deepEqual([result.outcome, result.failure], ["complete", undefined]);
      assert.equal(messages.map(({ text }) => text).join(""), TEXT);
      assert.deepEqual(result.completion.usage, COUNTED);
    }
    const { result } = playEvents([
      ...done,
      buildTextDelta(" five", 0, { item_id: "msg_0" }),
      STREAM.at(-1)!,
    ]);
    assert.equal(result.completion.choices[0]!.message.content, `${TEXT} five`);
  });

  it("P23: recognises the records of every dialect by their shape, in whichever form it asked", async () => {
    const answer: Answer = {
      reasoning: ["Hm."],
      texts: FOUR_WORDS,
      calls: [],
      finishReason: "stop",
      usage: { input: 5, output: 2 },
    };
    const dialects = Object.entries(RENDERERS);
    assert.ok(dialects.some(([name]) => name === "responses"));
    for (const api of FORMS) {
      // Chat Completions in place of Responses has a test of its own.
      const foreign = dialects.filter(([name]) => api === "chat" || name !== "openai");
      await using server = await startChaosServer((peer, at) => {
        const { body, contentType } = foreign[at]![1](answer, [1]);
        return peer.respond(200, contentType ? { "content-type": contentType } : SSE, body);
      });
      for (const [name] of foreign) {
        const received = await ask(server, { api });
        assertStreamComplete(received, TEXT);
        assert.equal(received.result.skipped, 0, name);
        assert.equal(received.result.completion.choices[0]!.message.reasoning_content, "Hm.", name);
      }
    }
  });

  it("P23: skips and counts records of an unknown shape before the first event, and skips them after it", () => {
    const foreign = [
      { type: "session.created", session: { id: "sess_1" } },
      { type: "session.text.delta", delta: "Hi" },
    ];
    for (const [place, event] of STREAM.entries()) {
      const { result } = playEvents([...STREAM.slice(0, place), ...foreign, ...STREAM.slice(place)]);
      assert.equal(result.outcome, "complete", String(event["type"]));
      assert.equal(result.completion.choices[0]!.message.content, TEXT);
      assert.equal(result.skipped, place === 0 ? foreign.length : 0);
    }
    assert.ok(STREAM.some(isDelta));
  });
});
