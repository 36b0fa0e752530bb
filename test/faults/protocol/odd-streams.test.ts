import assert from "node:assert/strict";
import { guardEachTest } from "../../support/runtime/guards.js";
import {
  DONE,
  formatAnswer,
  formatDelta,
  formatFinish,
  formatUsage,
  TEXT,
  USAGE,
  WORDS,
} from "../../support/services/answers.js";
import { type ChaosServer, startChaosServer } from "../../support/services/chaos-server.js";
import { ask, assertStreamComplete, assertStreamFailed } from "../../support/worlds/started-stream.js";

const COMPLETION = {
  id: "x1",
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
  usage: USAGE,
};

/** Starts a server that sends the next of these bodies, in two parts, to each request. */
function serveParts(bodies: readonly string[], type: string): Promise<ChaosServer> {
  return startChaosServer(async (peer, at) => {
    const body = bodies[at]!;
    const middle = Math.floor(body.length / 2);
    await peer.sendHead(200, type === "" ? {} : { "content-type": type });
    await peer.sendBody(body.slice(0, middle));
    await peer.sendBody(body.slice(middle));
    await peer.endBody();
  });
}

describe("Stream that is odd but has the whole answer", () => {
  guardEachTest();

  const line = JSON.stringify(COMPLETION);

  const stray = [
    "data: {'choices': [], 'usage': {'prompt_tokens': 4}}\n\n",
    "data: bye\n\n",
    "data: 7\n\n",
    'data: {"choices":"none"}\n\n',
    'data: {"choices":[{"index":-1,"delta":{}}]}\n\n',
    "data: <br>\n\n",
  ];

  it("P26: completes the answer although a record after the finish reason cannot be read, and still reads the usage", async () => {
    for (const after of stray) {
      const bodies = [
        formatDelta("Hello") + formatFinish() + after + DONE,
        formatDelta("Hello") + formatFinish() + after,
        formatDelta("Hello") + formatFinish() + after + formatUsage() + DONE,
      ];
      await using server = await serveParts(bodies, "text/event-stream");
      for (const body of bodies) {
        const answer = await ask(server);
        assertStreamComplete(answer, "Hello");
        assert.deepEqual(answer.result.completion.usage, body.includes("total_tokens") ? USAGE : null, after);
      }
    }
  });

  it("P26: fails if more text comes after a record that cannot be read, as from services that send a finish reason with each", async () => {
    const record = (text: string) =>
      `data: {"choices":[{"index":0,"delta":{"content":"${text}"},"finish_reason":"stop"}]}\n\n`;
    await using server = await serveParts(
      [record("a") + stray[0] + record("b") + DONE, record("a") + stray[0] + DONE],
      "text/event-stream",
    );
    const expected = { phase: "streaming", retryable: true, partial: "a" } as const;
    assertStreamFailed(await ask(server), "bad_response", expected);
    assertStreamComplete(await ask(server), "a");
  });

  it("P26: fails if an error is reported after the finish reason", async () => {
    const error = 'data: {"error":{"message":"Rate limit reached"}}\n\n';
    await using server = await serveParts(
      [formatDelta("Hello") + formatFinish() + stray[0] + error + DONE],
      "text/event-stream",
    );
    const expected = { phase: "streaming", retryable: true, partial: "Hello" } as const;
    assertStreamFailed(await ask(server), "rate_limit", expected);
  });

  it("P26: reads records with NaN and Infinity in fields that nobody reads", async () => {
    const fields = ['"score":NaN', '"score":-Infinity', '"timings":{"ms":Infinity,"left":[NaN,1]}'];
    for (const field of fields) {
      const stream = formatAnswer(["NaN, ", "Infinity"]).map((record) =>
        record.replace('"id":', `${field},"id":`),
      );
      await using server = await serveParts(
        [stream.join(""), line.replace('"id":', `${field},"id":`)],
        "text/event-stream",
      );
      assertStreamComplete(await ask(server), "NaN, Infinity");
      assertStreamComplete(await ask(server), "Hello");
    }
  });

  const keepAlives = [
    "event: ping\ndata: 2026-11-29 08:00:00.000\n\n",
    "data: 2026-11-29T08:00:00.000Z\n\n",
    "data: ping - 2026-11-29 08:00:00.000000+00:00\n\n",
    "data: Sun, 29 Nov 2026 08:00:00 GMT\n\n",
    "data: 08:00:00\n\n",
    "data: 1796025600\n\n",
    "data: 1796025600000.5\n\n",
    "data: ping\n\n",
    "data: [PING]\n\n",
    'data: "keep-alive"\n\n',
    "data: KEEPALIVE\n\n",
    "data: heartbeat 17\n\n",
    "data: still working\n\n",
    "data: queued, position 3\n\n",
    "data: .\n\n",
    "data: --\n\n",
    "data: OPENROUTER PROCESSING\n\n",
    "event: heartbeat\ndata: still here\n\n",
    "event: keep-alive\ndata: 7\n\n",
    "event: keepalive\ndata\n\n",
    "data: null\n\n",
    'data: ""\n\n',
    "data: []\n\n",
    "data: {}\n\n",
    "data: false\n\n",
    'event: ping\ndata: {"type":"ping"}\n\n',
    'data: {"type":"ping","time":1796025600}\n\n',
    'data: {"message":"keep-alive"}\n\n',
    'event: heartbeat\ndata: {"message":"still at work"}\n\n',
  ];

  it("P27: ignores keep-alives that are not JSON or hold nothing, before, between and after the records", async () => {
    const records = formatAnswer(WORDS);
    const bodies = keepAlives.map((record) => record + records.join(record));
    await using server = await serveParts(bodies, "text/event-stream");
    for (const record of keepAlives) {
      const answer = await ask(server);
      assert.equal(answer.result.failure?.message, undefined, record);
      assertStreamComplete(answer, TEXT);
    }
  });

  it("P27: takes words that may be the answer's for no keep-alive", async () => {
    const texts = [
      "Hello",
      "7",
      "The time is 08:00",
      "alive and well",
      "ok",
      "{.",
      "Still there",
      "May",
      "[1]",
      '"ping me"',
    ];
    await using server = await serveParts(
      texts.map((text) => `${formatDelta("a")}data: ${text}\n\n${formatFinish()}${DONE}`),
      "text/event-stream",
    );
    for (const text of texts) {
      const answer = await ask(server);
      assert.equal(answer.result.failure?.code, "bad_response", text);
    }
  });
});
