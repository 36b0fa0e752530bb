import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatResult } from "../../../src/client/chat-types.js";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { mergeChunks } from "../../../src/core/chat/merge.js";
import { buildStats } from "../../../src/core/chat/stats.js";
import { addCost } from "../../../src/core/cost/billed-completion.js";
import { DEFAULT_LIMITS } from "../../../src/core/limits.js";
import { OpenAiDecoder } from "../../../src/dialects/openai/decoder.js";
import { StreamWriter } from "../../../src/node-red/messages/stream-writer.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { CollectWorld } from "../../support/worlds/collect-world.js";

/** Text as models send it, with characters that are hard to cut. */
const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom("é", "🙂", "\ud83d", "\ude00", " ", "\n\n", "日本"),
);

/** The delta of one record. */
const delta = fc.oneof(
  { weight: 6, arbitrary: fc.record({ content: text }) },
  { weight: 2, arbitrary: fc.record({ reasoning_content: text }) },
  { weight: 1, arbitrary: fc.record({ refusal: text }) },
  { weight: 1, arbitrary: fc.record({ content: text, reasoning: text }) },
  {
    weight: 2,
    arbitrary: fc.record({ call: fc.nat(2), fragment: text }).map(({ call, fragment }) => ({
      tool_calls: [
        {
          index: call,
          id: `call_${call}`,
          type: "function",
          function: { name: `f${call}`, arguments: fragment },
        },
      ],
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("https://a", "https://b")
      .map((url) => ({ annotations: [{ type: "url_citation", url }] })),
  },
);

/** A record as a service sends it. */
const record = fc
  .record({
    index: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) }),
    delta,
    logprobs: fc.option(
      fc.record({ content: fc.array(fc.record({ token: text }), { minLength: 1, maxLength: 2 }) }),
      {
        freq: 8,
      },
    ),
    citations: fc.option(fc.subarray(["https://a", "https://b", "https://c"]), { freq: 8 }),
  })
  .map(({ index, delta: content, logprobs, citations }) => ({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "model-1",
    ...(citations ? { citations } : {}),
    choices: [{ index, delta: content, ...(logprobs ? { logprobs } : {}), finish_reason: null }],
  }));

const records = fc.array(record, { maxLength: 30 });

interface Written {
  /** Messages of the stream, as chat-stream sends them. */
  messages: Message[];
  /** The completion that the core builds from the records. */
  completion: unknown;
  text: string;
}

/** Sends records through decoder, machine and writer, as chat-stream does. */
function writeStream(sent: readonly object[], mergeReads: boolean): Written {
  const messages: Message[] = [];
  const machine = new CompletionMachine();
  const id = "11111111-2222-4333-8444-555555555555";
  const writer = new StreamWriter({
    id,
    message: { _msgid: "m", payload: "Hi", topic: "t" },
    send: (message) => void messages.push(message as Message),
    mergeReads,
  });
  const decoder = new OpenAiDecoder(
    {
      onText: (content) => {
        machine.addText(content);
        writer.writeText(content);
      },
      onChunk: (chunk, kind, content) => {
        machine.addChunk(chunk);
        if (kind === "rich") writer.writeChunk(chunk, content);
        else if (kind === "text") writer.writeText(content);
      },
      onMarker: () => {},
      onFailure: (failure) => assert.fail(failure),
      onBadRecord: (failure) => assert.fail(failure),
      onSkipped: () => assert.fail(),
    },
    { depth: DEFAULT_LIMITS.depth, indices: DEFAULT_LIMITS.indices },
  );
  for (const [at, one] of sent.entries()) {
    decoder.decode(JSON.stringify(one));
    if (at % 3 === 2) writer.flush();
  }
  decoder.decode('{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}');
  decoder.decode('{"choices":[],"usage":{"total_tokens":5,"details":{"cached":1}}}');
  const result: ChatResult = {
    outcome: "complete",
    finishReason: machine.finishReason,
    stats: buildStats(sent.length, machine.length, 1, 2),
    skipped: 0,
    closing: machine.buildClosingChunk(),
    cost: { usd: 0.001, source: "service" },
    completion: machine.buildCompletion(id),
  };
  writer.end(result, {});
  return { messages, completion: addCost(result.completion, result.cost), text: machine.text };
}

/** Merges neighbours, as a buffer does. @param widths numbers of messages to merge into one, in turn */
function mergeMessages(messages: readonly Message[], widths: readonly number[]): Message[] {
  const rest = messages.slice(0, -1);
  const merged: Message[] = [];
  for (let at = 0; rest.length > 0; at++) {
    const group = rest.splice(0, widths[at % widths.length]);
    const chunks = group.flatMap(({ chunk }) => (chunk ? [structuredClone(chunk) as Chunk] : []));
    const chunk = chunks.length > 0 ? chunks.reduce(mergeChunks) : undefined;
    merged.push({
      ...group[0]!,
      payload: group.map(({ payload }) => payload).join(""),
      ...(chunk ? { chunk } : {}),
    });
  }
  return numberMessages([...merged, messages.at(-1)!]);
}

/** Cuts the text of each message in two. Its other properties stay with the first part. */
function cutMessages(messages: readonly Message[], places: readonly number[]): Message[] {
  const pieces = messages.slice(0, -1).flatMap((message, at) => {
    const content = message.payload as string;
    const place = places[at % places.length]! % (content.length + 1);
    const { chunk, ...plain } = message;
    return [
      { ...message, payload: content.slice(0, place) },
      { ...plain, payload: content.slice(place) },
    ];
  });
  return numberMessages([...pieces, messages.at(-1)!]);
}

function numberMessages(messages: readonly Message[]): Message[] {
  return messages.map((message, index) => ({
    ...message,
    parts: {
      ...message.parts!,
      index,
      ...(index === messages.length - 1 ? { count: messages.length } : {}),
    },
  }));
}

function shuffle<T>(list: readonly T[], order: readonly number[]): T[] {
  const keyed = list.map((value, at) => ({ value, key: order[at % order.length]! + at * 1e-6 }));
  return keyed.sort((first, second) => first.key - second.key).map(({ value }) => value);
}

function collectMessage(messages: readonly Message[]): Message {
  const collecting = new CollectWorld().take(...structuredClone(messages));
  assert.deepEqual(collecting.unfinished, []);
  assert.equal(collecting.finished.length, 1);
  return collecting.finished[0]!;
}

describe("Every stream", () => {
  it("has payloads that join to the exact text of the answer, whether reads are merged or not", () => {
    fc.assert(
      fc.property(records, fc.boolean(), (sent, mergeReads) => {
        const { messages, text: whole } = writeStream(sent, mergeReads);
        assert.equal(messages.map(({ payload }) => payload).join(""), whole);
        assert.deepEqual(
          messages.map(({ parts }) => parts!.index),
          messages.map((_, at) => at),
        );
        assert.equal(messages.filter(({ complete }) => complete).length, 1);
      }),
    );
  });

  it("gives the response of the core when it is collected, whether reads are merged or not", () => {
    fc.assert(
      fc.property(records, fc.boolean(), (sent, mergeReads) => {
        const { messages, completion, text: whole } = writeStream(sent, mergeReads);
        const { response, payload } = collectMessage(messages);
        assert.deepEqual(response, completion);
        assert.equal(payload, whole);
      }),
    );
  });

  it("gives the same response when it is collected, however it was cut and buffered on its way", () => {
    fc.assert(
      fc.property(
        records,
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (sent, widths, places, cutFirst) => {
          const { messages, completion } = writeStream(sent, false);
          const treated = cutFirst
            ? mergeMessages(cutMessages(messages, places), widths)
            : cutMessages(mergeMessages(messages, widths), places);
          assert.deepEqual(collectMessage(treated).response, completion);
        },
      ),
    );
  });

  it("gives the same response when it is collected, in any order of arrival, repeated and through JSON", () => {
    fc.assert(
      fc.property(
        records,
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        (sent, order, twice) => {
          const { messages, completion } = writeStream(sent, false);
          const wire = JSON.parse(JSON.stringify(twice ? [...messages, ...messages] : messages)) as Message[];
          assert.deepEqual(collectMessage(shuffle(wire, order)).response, completion);
        },
      ),
    );
  });
});
