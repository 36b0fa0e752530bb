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
  buildTextDelta,
  COUNTED,
  COUNTS,
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
  type ReceivedAnswer,
} from "../../support/worlds/started-stream.js";

const WORDS = ["Grüße ", "aus ", "Köln 👋🏽"];
const TEXT = WORDS.join("");
const ITEMS = buildMessageEvents(WORDS);
const STREAM = buildStream(ITEMS);

/** Sends the next of these bodies, in two parts, to each request. */
function serve(bodies: readonly (string | Buffer)[]): Promise<ChaosServer> {
  return startChaosServer(async (peer, at) => {
    const body = Buffer.from(bodies[at]!);
    const middle = Math.floor(body.length / 2);
    await peer.sendHead(200, { "content-type": "text/event-stream" });
    await peer.sendBody(body.subarray(0, middle));
    await peer.sendBody(body.subarray(middle));
    await peer.endBody();
  });
}

/** Asks for each of the bodies in turn. */
async function askForEach(
  bodies: readonly (string | Buffer)[],
  check: (answer: ReceivedAnswer, at: number) => void,
  options: object = {},
): Promise<void> {
  await using server = await serve(bodies);
  for (const at of bodies.keys()) check(await askTarget(server, { api: "responses", ...options }), at);
}

/** The bodies of a stream with something between any two of its events. */
function insertAtEachPlace(inserted: string): string[] {
  return Array.from({ length: STREAM.length - 1 }, (_, at) =>
    [formatEvents(STREAM.slice(0, at + 1)), inserted, formatEvents(STREAM.slice(at + 1))].join(""),
  );
}

describe("Record in the form of Responses with a fault", () => {
  guardEachTest();

  it("P06: fails with bad_response on valid JSON that is no event, between any events", async () => {
    for (const record of ["7", '"text"', "[1]", '{"object":"list"}', '{"output":null}'])
      await askForEach(insertAtEachPlace(`data: ${record}\n\n`), ({ result }) => {
        assert.equal(result.failure?.code, "bad_response", record);
      });
  });

  it("P07: sends no message for an event of an unknown type, an odd shape or null fields", async () => {
    const harmless: WireEvent[] = [
      { type: "vendor:thing", delta: "x" },
      buildEvent("unknown.delta", { delta: "x" }),
      buildEvent("output_text.delta", { output_index: 0, content_index: 0, item_id: "msg_0", delta: null }),
      buildEvent("output_text.delta", { output_index: 0, content_index: 0, item_id: "msg_0", delta: "" }),
      buildEvent("in_progress", { response: null }),
      buildEvent("content_part.added", { output_index: 0, content_index: 1, part: { type: "odd" } }),
      { type: "keepalive" },
    ];
    for (const event of harmless) {
      const bodies = insertAtEachPlace(formatEvents([event]).toString());
      await askForEach(bodies, (answer) => {
        assert.deepEqual(answer.texts, WORDS, JSON.stringify(event));
        assertStreamComplete(answer, TEXT);
      });
    }
  });

  it("P08: reads the same answer with CR, LF or CRLF, comments, event ids, retry fields and a byte order mark", async () => {
    const plain = formatEvents(STREAM).toString();
    const bodies = [
      plain.replaceAll("\n", "\r\n"),
      plain.replaceAll("\n", "\r"),
      plain.replaceAll("data: ", "data:"),
      plain.replaceAll(/event: .*\n/g, ""),
      plain.replaceAll("event: ", "id: 7\nretry: 1\n: comment\nevent: "),
      `\uFEFF${plain}`,
      `${plain}data: [DONE]\n\n`,
    ];
    await askForEach(bodies, (answer) => assertStreamComplete(answer, TEXT));
  });

  it("P09: counts the last event even without its blank line, but not an incomplete one", async () => {
    const body = formatEvents(STREAM);
    const start = formatEvents(STREAM.slice(0, -1)).length;
    await askForEach([body.subarray(0, -1), body.subarray(0, -2)], (answer) =>
      assertStreamComplete(answer, TEXT),
    );
    const cuts = [start, start + 20, start + 60, body.length - 3];
    await askForEach(
      cuts.map((cut) => body.subarray(0, cut)),
      (answer) =>
        assertStreamFailed(answer, "interrupted", { phase: "streaming", retryable: true, partial: TEXT }),
    );
  });

  it("P10: replaces invalid UTF-8 by the replacement character and goes on with the stream", async () => {
    const [before, after] = formatEvents(buildStream(buildMessageEvents(["a#b", "c"])))
      .toString()
      .split("a#b") as [string, string, string];
    const rest = formatEvents([...buildMessageEvents([]).slice(2), buildEnd([])]);
    for (const bytes of [[0xff], [0xc3], [0xe6, 0xb0], [0xed, 0xa0, 0x80]]) {
      const delta = after.slice(0, after.indexOf("\n\n") + 2);
      const body = Buffer.concat([
        Buffer.from(`${before}a`),
        Buffer.from(bytes),
        Buffer.from(`b${delta}`),
        rest,
      ]);
      await askForEach([body], (answer) => {
        assert.equal(answer.result.failure?.message, undefined);
        assert.match(answer.text, /^a\uFFFD+b$/);
      });
    }
  });

  it("P11: joins a surrogate pair from two deltas to one character", async () => {
    const body = formatEvents(buildStream(buildMessageEvents(["<1>", "<2>"])))
      .toString()
      .replace('"delta":"<1>"', '"delta":"\\ud83d"')
      .replace('"delta":"<2>"', '"delta":"\\ude42"')
      .replaceAll("<1><2>", "🙂");
    await askForEach([body], (answer) => assertStreamComplete(answer, "🙂"));
  });

  it("P12: keeps the first id of the answer if ids change with every event", async () => {
    const changing = STREAM.map((event, at) => {
      const id = `id_${at}`;
      return JSON.parse(
        JSON.stringify(event)
          .replaceAll('"item_id":"msg_0"', `"item_id":"${id}"`)
          .replaceAll('"id":"msg_0"', `"id":"${id}"`),
      ) as WireEvent;
    });
    await askForEach([formatEvents(changing)], (answer) => {
      assertStreamComplete(answer, TEXT);
      assert.equal(answer.result.completion.id, "resp_1");
    });
  });

  it("P13: makes one call of each tool call, whether its arguments come in deltas, at their end or with the item", async () => {
    const events = buildCallEvents("call_1", "f", ['{"a"', ":1}"]);
    const without = (...names: string[]) =>
      events.filter(({ type }) => !names.some((name) => type === `response.${name}`));
    const bodies = [
      events,
      without("function_call_arguments.delta"),
      without("function_call_arguments.done"),
      without("function_call_arguments.delta", "function_call_arguments.done"),
      without("output_item.added"),
      without("output_item.added", "function_call_arguments.delta", "function_call_arguments.done"),
      [],
    ].map((some) => formatEvents(numberEvents([...START, ...some, buildEnd(listItems(events))])));
    await askForEach(bodies, ({ result }, at) => {
      const [call, ...more] = result.completion.choices[0]!.message.tool_calls ?? [];
      assert.deepEqual(
        [more.length, call?.id, call?.function],
        [0, "call_1", { name: "f", arguments: '{"a":1}' }],
        `${at}`,
      );
      assert.equal(result.finishReason, "tool_calls");
    });
  });

  it("P14: takes no index for a place in memory, however odd it is", async () => {
    for (const index of [-1, 1.5, 1e9, "__proto__", null]) {
      const events = ITEMS.map((event) => ({ ...event, output_index: index, content_index: index }));
      const body = formatEvents(numberEvents([...START, ...events, buildEnd(listItems(ITEMS))]));
      await askForEach([body], (answer) => assertStreamComplete(answer, TEXT));
    }
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  it("P19: takes the usage of the end alone, whatever earlier events say", async () => {
    const early = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
    const events = STREAM.map((event) =>
      event["response"] && event !== STREAM.at(-1)
        ? { ...event, response: { ...event["response"], usage: early } }
        : event,
    );
    await askForEach([formatEvents(events)], ({ result }) => {
      assert.deepEqual(result.completion.usage, COUNTED);
      assert.equal(result.completion.usage!["total_tokens"], COUNTS.total_tokens);
    });
  });

  it("P21: sends no message for opened items and empty texts, so that a failure after them is still in the first-chunk phase", async () => {
    const begun = formatEvents([...START, ...ITEMS.slice(0, 2), buildTextDelta("", 0, { item_id: "msg_0" })]);
    await askForEach([begun], (answer) => {
      assertStreamFailed(answer, "interrupted", { phase: "first_chunk", retryable: true });
      assert.deepEqual(answer.texts, []);
    });
  });

  it("P22: separates reasoning in think tags from the answer, wherever the text is cut", async () => {
    const whole = "<think>Hm.</think>Yes.";
    const bodies = Array.from({ length: whole.length - 1 }, (_, at) =>
      formatEvents(buildStream(buildMessageEvents([whole.slice(0, at + 1), whole.slice(at + 1)]))),
    );
    await askForEach(
      bodies,
      (answer) => {
        assertStreamComplete(answer, "Yes.");
        assert.equal(answer.result.completion.choices[0]!.message.reasoning_content, "Hm.");
      },
      { settings: { splitThinking: true } },
    );
  });

  it("P26: completes the answer although a record after its end cannot be read", async () => {
    for (const record of ["data: {'a': 1}\n\n", "data: bye\n\n", "data: 7\n\n"])
      await askForEach([`${formatEvents(STREAM)}${record}`], (answer) => {
        assertStreamComplete(answer, TEXT);
        assert.deepEqual(answer.result.completion.usage, COUNTED);
      });
  });

  it("P27: ignores keep-alives that are no events, before, between and after the events", async () => {
    const keepAlives = [
      ": ping\n\n",
      "data: ping\n\n",
      "event: keepalive\ndata\n\n",
      'event: ping\ndata: {"type":"ping"}\n\n',
      'data: {"type":"response.keep_alive"}\n\n',
      "data: {}\n\n",
    ];
    for (const record of keepAlives)
      await askForEach([record, ...insertAtEachPlace(record)].slice(1), (answer) =>
        assertStreamComplete(answer, TEXT),
      );
  });

  it("P30: fails on an error in a failed response between reasoning and text, and keeps the text", async () => {
    const items = [...buildReasoningEvents(["Hm."]), ...buildMessageEvents(["One"], 1)];
    const error = { code: "rate_limit_exceeded", message: "Rate limit reached" };
    const failed = buildEvent("failed", { response: { id: "resp_1", status: "failed", error } });
    await askForEach([formatEvents(numberEvents([...START, ...items, failed]))], (answer) =>
      assertStreamFailed(answer, "rate_limit", { phase: "streaming", retryable: true, partial: "One" }),
    );
  });
});
