import assert from "node:assert/strict";
import { guardEachTest } from "../../support/runtime/guards.js";
import { FORMS } from "../../support/services/answer-writer.js";
import { DONE, formatAnswer, USAGE } from "../../support/services/answers.js";
import { type ChaosServer, startChaosServer } from "../../support/services/chaos-server.js";
import {
  buildEnd,
  buildMessageEvents,
  buildStream,
  COUNTED,
  formatEvents,
  listItems,
} from "../../support/services/responses-records.js";
import { ask, assertStreamComplete, assertStreamFailed } from "../../support/worlds/started-stream.js";

/** The answer "Hello" in one form. */
interface HelloAnswer {
  /** The answer without a stream. */
  whole: object;
  /** The answer as an event stream. */
  stream: string;
  usage: object;
}

const MESSAGE = buildMessageEvents(["Hello"]);

const HELLO: Readonly<Record<(typeof FORMS)[number], HelloAnswer>> = {
  chat: {
    whole: {
      id: "x1",
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
      usage: USAGE,
    },
    stream: formatAnswer(["Hello"]).join(""),
    usage: USAGE,
  },
  responses: {
    whole: buildEnd(listItems(MESSAGE))["response"] as object,
    stream: formatEvents(buildStream(MESSAGE)).toString(),
    usage: COUNTED,
  },
};

/** Content types that services and proxies really write over a stream or over JSON. */
const TYPES = [
  "text/event-stream",
  "application/json",
  "application/x-ndjson",
  "text/plain",
  "text/html",
  "",
];

/** Content types that fit neither a stream nor JSON, or name one of them wrongly. */
const WRONG_TYPES = [
  "text/event-stream, text/event-stream",
  "text/event-stream;charset=utf-8, text/event-stream",
  "text/event-stream charset=utf-8",
  "event-stream",
  "application/event-stream",
  "text/html; charset=utf-8",
  "text/json",
  "application/javascript",
  "application/grpc",
  "image/png",
  "application/json, application/json",
];

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

for (const api of FORMS) {
  describe(`Body with an odd content type in the form ${api}`, () => {
    guardEachTest();

    const { whole, stream, usage } = HELLO[api];
    const line = JSON.stringify(whole);
    const lines = JSON.stringify(whole, null, 2);
    const bodiesWithEvents = [
      `${line}\n\ndata: [DONE]\n\n`,
      `${line}data: [DONE]\n\n`,
      `${line}\r\n\r\ndata: [DONE]\r\n\r\n`,
      `${line}\n: ping\n\nevent: done\ndata: [DONE]\n\n`,
      `${line}\n[DONE]\n`,
      `${line}\n\ndata: [DONE]`,
      `\n\n${lines}\n\ndata: [DONE]\n\n`,
      `\uFEFF${line}\n\ndata: [DONE]\n\n`,
      `: PROCESSING\n\n${line}\n\ndata: [DONE]\n\n`,
      `: PROCESSING\n\n${lines}\n\n`,
      `[${line}]\n\ndata: [DONE]\n\n`,
      line,
      lines,
    ];

    for (const type of TYPES) {
      it(`P24: takes a whole answer in JSON with events behind it as the answer (${type || "no content type"})`, async () => {
        await using server = await serveParts(bodiesWithEvents, type);
        for (const body of bodiesWithEvents) {
          const answer = await ask(server, { api });
          assert.equal(answer.text, "Hello", body);
          assertStreamComplete(answer, "Hello");
          assert.deepEqual(answer.result.completion.usage, usage, body);
        }
      });
    }

    it("P24: reports an error in JSON with events behind it", async () => {
      const error = '{"error":{"message":"Rate limit reached"}}';
      const bodies = [
        `${error}\n\ndata: [DONE]\n\n`,
        `${error}data: [DONE]\n\n`,
        `: ping\n\n${error}\n\n${DONE}`,
      ];
      for (const type of TYPES) {
        await using server = await serveParts(bodies, type);
        for (const _ of bodies)
          assertStreamFailed(await ask(server, { api }), "rate_limit", {
            phase: "first_chunk",
            retryable: true,
          });
      }
    });

    for (const type of WRONG_TYPES) {
      it(`P28: reads an event stream, lines and JSON under the wrong content type ${type}`, async () => {
        const ollama = (text: string, done: boolean) =>
          `${JSON.stringify({ model: "m", message: { role: "assistant", content: text }, done, ...(done ? { done_reason: "stop" } : {}) })}\n`;
        const bodies = [
          stream,
          `: hi\n\n${stream}`,
          ollama("Hel", false) + ollama("lo", false) + ollama("", true),
          line,
          lines,
        ];
        await using server = await serveParts(bodies, type);
        for (const _ of bodies) assertStreamComplete(await ask(server, { api }), "Hello");
      });
    }

    it("P28: names the content type of a body that is neither a stream nor JSON", async () => {
      for (const body of ["<p>Please log in</p>", "Not here", "", "   "]) {
        await using server = await serveParts([body], "text/html; charset=utf-8");
        const failure = assertStreamFailed(await ask(server, { api }), "bad_response", {
          phase: "first_chunk",
          retryable: false,
        });
        assert.match(failure.message, /answered with text\/html instead of a stream/);
      }
    });
  });
}
