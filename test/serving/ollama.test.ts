import assert from "node:assert/strict";
import fc from "fast-check";
import { Ollama } from "ollama";
import { Failure } from "../../src/core/failure.js";
import type { AnswerEnd } from "../../src/serving/form.js";
import { OLLAMA_CHAT, OLLAMA_GENERATE } from "../../src/serving/ollama/form.js";
import { buildModelDetails, buildTags } from "../../src/serving/ollama/models.js";
import {
  type AnswerStream,
  anyAnswer,
  buildBody,
  collectAnswer,
  createFetch,
  NAME,
  pickMessage,
  SOURCE,
  writeFrames,
} from "../support/serving/any-answer.js";

const ASKED = { model: "house", messages: [{ role: "user", content: "Hi" }] };
const CHAT = OLLAMA_CHAT.readRequest(ASKED, SOURCE);
const GENERATE = OLLAMA_GENERATE.readRequest({ model: "house", prompt: "Hi" }, SOURCE);
const STOP: AnswerEnd = { finishReason: "stop", usage: null };

const createClient = (frames: string) =>
  new Ollama({ host: "http://house", fetch: createFetch(frames, "application/x-ndjson") });

const parseLines = (frames: string) =>
  frames
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** The calls as Ollama's clients see them. */
const expectCalls = (answer: AnswerStream) =>
  pickMessage(collectAnswer(answer).choices[0]?.message ?? {}).calls.map(({ name, text }) => ({
    name,
    arguments: JSON.parse(text) as unknown,
  }));

describe("Ollama's API for clients", () => {
  it("gives ollama-js the answer that collect gives, whatever stream it is", async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const stream = await createClient(writeFrames(CHAT, answer)).chat({ ...ASKED, stream: true });
        const seen = { content: "", reasoning: "", calls: [] as unknown[] };
        let last: Record<string, unknown> = {};
        for await (const part of stream) {
          seen.content += part.message.content;
          seen.reasoning += part.message.thinking ?? "";
          for (const { function: called } of part.message.tool_calls ?? [])
            seen.calls.push({ name: called.name, arguments: called.arguments });
          last = { ...part };
        }
        const { content, reasoning } = pickMessage(collectAnswer(answer).choices[0]?.message ?? {});
        assert.deepEqual(seen, { content, reasoning, calls: expectCalls(answer) });
        assert.equal(last["done"], true);
        assert.equal(last["done_reason"], answer.end.finishReason === "length" ? "length" : "stop");
        assert.equal(last["prompt_eval_count"], answer.end.usage?.["prompt_tokens"]);
        assert.equal(last["eval_count"], answer.end.usage?.["completion_tokens"]);
      }),
      { numRuns: 60 },
    );
  });

  it("gives ollama-js the same text from /api/generate", async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const stream = await createClient(writeFrames(GENERATE, answer)).generate({
          model: "house",
          prompt: "Hi",
          stream: true,
        });
        let [text, thinking] = ["", ""];
        for await (const part of stream) {
          text += part.response;
          thinking += part.thinking ?? "";
        }
        const { content, reasoning } = pickMessage(collectAnswer(answer).choices[0]?.message ?? {});
        assert.deepEqual([text, thinking], [content, reasoning]);
      }),
      { numRuns: 40 },
    );
  });

  it("gives the same answer as a whole", () => {
    fc.assert(
      fc.property(anyAnswer, (answer) => {
        const body = buildBody(CHAT, answer) as {
          message: { content: string; thinking?: string; tool_calls?: { function: object }[] };
        };
        const { content, reasoning } = pickMessage(collectAnswer(answer).choices[0]?.message ?? {});
        assert.equal(body.message.content, content);
        assert.equal(body.message.thinking ?? "", reasoning);
        assert.deepEqual(
          (body.message.tool_calls ?? []).map(({ function: called }) => called),
          expectCalls(answer).map((call, index) => ({ index, ...call })),
        );
      }),
    );
  });

  it("has all fields on every line, and no line above 64 KiB", () => {
    fc.assert(
      fc.property(anyAnswer, (answer) => {
        const frames = writeFrames(CHAT, answer) + CHAT.createWriter(NAME).keepAlive(true);
        for (const line of frames.split("\n")) assert.ok(Buffer.byteLength(line) <= 65_536);
        for (const line of parseLines(frames)) {
          assert.deepEqual([line["model"], line["created_at"]], ["house", "2023-11-14T22:13:20.000Z"]);
          assert.equal(typeof line["done"], "boolean");
          assert.equal((line["message"] as { role: string }).role, "assistant");
        }
      }),
    );
  });

  it("ends a failed answer with an error, which ollama-js throws", async () => {
    const failure = new Failure("interrupted", "The connection broke.").toJSON();
    const frames = writeFrames(CHAT, { pieces: ["Once"], end: { ...STOP, failure } });
    assert.deepEqual(parseLines(frames).at(-1), { error: "The answer broke off. Try again." });
    const stream = await createClient(frames).chat({ ...ASKED, stream: true });
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, /broke off/);
    assert.equal(OLLAMA_CHAT.breaksOffFailures, true);
  });

  it("fails an answer whose call has no JSON object, and leaves a call out that the end has cut off", () => {
    const piece = (text: string) => ({
      chunk: {
        choices: [
          {
            index: 0,
            delta: { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: text } }] },
          },
        ],
      },
      text: "",
    });
    const write = (text: string, finishReason: string) =>
      parseLines(writeFrames(CHAT, { pieces: [piece(text)], end: { finishReason, usage: null } }));
    assert.deepEqual(Object.keys(write("[1]", "tool_calls").at(-1)!), ["error"]);
    assert.throws(
      () => buildBody(CHAT, { pieces: [piece("{")], end: { ...STOP, finishReason: "tool_calls" } }),
      (thrown: Failure) => thrown.code === "bad_response",
    );
    const cut = write('{"a":', "length");
    assert.equal(cut.length, 1);
    assert.equal(cut[0]!["done_reason"], "length");
  });

  it("lists models with every field that strict clients want, as texts", () => {
    const { models } = buildTags([
      { name: "house", created: 0 },
      { name: "a:7b", created: 0 },
    ]) as {
      models: Record<string, unknown>[];
    };
    assert.deepEqual(
      models.map(({ name, model }) => [name, model]),
      [
        ["house:latest", "house:latest"],
        ["a:7b", "a:7b"],
      ],
    );
    for (const { digest, details, modified_at: at, size } of models) {
      assert.match(String(digest), /^[0-9a-f]{64}$/);
      assert.match(String(at), /^1970-01-01T/);
      assert.equal(typeof size, "number");
      const { families, ...texts } = details as Record<string, unknown>;
      assert.deepEqual(families, ["flow"]);
      for (const text of Object.values(texts)) assert.equal(typeof text, "string");
    }
    assert.notEqual(models[0]!["digest"], models[1]!["digest"]);
    const details = buildModelDetails({ name: "house", created: 0 }) as Record<string, unknown>;
    assert.ok((details["capabilities"] as string[]).includes("tools"));
  });
});

describe("A request of Ollama's clients", () => {
  const read = (body: Record<string, unknown>) =>
    OLLAMA_CHAT.readRequest({ ...ASKED, ...body }, SOURCE).request;

  it("is streamed if it does not say otherwise", () => {
    assert.equal(read({}).isStreamed, true);
    assert.equal(read({ stream: false }).isStreamed, false);
  });

  it("becomes a conversation with pictures, calls and their results, with and without ids", () => {
    const call = (name: string, more = {}) => ({ ...more, function: { name, arguments: { a: 1 } } });
    const { messages } = read({
      messages: [
        { role: "user", content: "Look", images: ["iVBORw0KGgo=", "/9j/4AAQ"] },
        {
          role: "assistant",
          content: "",
          thinking: "Hm.",
          tool_calls: [call("f"), call("g", { id: "x" }), call("f")],
        },
        { role: "tool", tool_name: "f", content: "1" },
        { role: "tool", tool_call_id: "x", content: "2" },
        { role: "tool", content: "3" },
      ],
    });
    assert.deepEqual(messages[0]!.content, [
      { type: "text", text: "Look" },
      { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } },
      { type: "image_url", image_url: { url: "data:image/jpeg;base64,/9j/4AAQ" } },
    ]);
    const calls = messages[1]!["tool_calls"] as { id: string; function: { arguments: string } }[];
    assert.deepEqual(
      calls.map(({ id }) => id),
      ["call_0", "x", "call_2"],
    );
    assert.equal(calls[0]!.function.arguments, '{"a":1}');
    assert.equal(messages[1]!["reasoning_content"], "Hm.");
    assert.deepEqual(
      messages.slice(2).map(({ tool_call_id: id, content }) => [id, content]),
      [
        ["call_0", "1"],
        ["x", "2"],
        ["call_2", "3"],
      ],
    );
  });

  it("sets parameters under their names in Chat Completions, and nothing else", () => {
    const { options } = read({
      options: { temperature: 0.5, num_predict: 50, num_ctx: 9, stop: ["x"], main_gpu: 1 },
      format: { type: "object" },
      think: "low",
      keep_alive: "5m",
    });
    assert.deepEqual(options, {
      temperature: 0.5,
      stop: ["x"],
      max_tokens: 50,
      response_format: { type: "json_schema", json_schema: { name: "answer", schema: { type: "object" } } },
      reasoning_effort: "low",
    });
    assert.deepEqual(read({ format: "json", options: { num_predict: -1 } }).options, {
      response_format: { type: "json_object" },
    });
  });

  it("without messages loads or unloads a model, and asks no flow", () => {
    const answer = (more: object) =>
      JSON.parse(
        OLLAMA_CHAT.readRequest({ model: "house", ...more }, SOURCE).buildInstantAnswer!(NAME).body,
      ) as Record<string, unknown>;
    assert.deepEqual([answer({})["done"], answer({})["done_reason"]], [true, "load"]);
    assert.equal(answer({ messages: [], keep_alive: 0 })["done_reason"], "unload");
    const generate = OLLAMA_GENERATE.readRequest({ model: "house" }, SOURCE).buildInstantAnswer!(NAME);
    assert.equal((JSON.parse(generate.body) as { response: string }).response, "");
    assert.equal(CHAT.buildInstantAnswer, undefined);
  });

  it("to generate has a prompt, a system message and pictures", () => {
    const { messages } = OLLAMA_GENERATE.readRequest(
      { model: "house", prompt: "Hi", system: "Be brief.", images: ["AA=="] },
      SOURCE,
    ).request;
    assert.equal(messages[0]!.content, "Be brief.");
    assert.equal((messages[1]!.content as unknown[]).length, 2);
  });

  for (const [body, place] of [
    [{ messages: 5 }, "messages"],
    [{ messages: [5] }, "messages[0]"],
    [{ messages: [{ role: "user", images: [5] }] }, "messages[0].images"],
    [{ messages: [{ role: "assistant", tool_calls: [5] }] }, "messages[0].tool_calls"],
    [{ format: 5 }, "format"],
    [{ stream: "yes" }, "stream"],
    [{ model: 5 }, "model"],
  ] as const) {
    it(`is refused for ${JSON.stringify(body)}, by the name of the field`, () => {
      assert.throws(
        () => read(body),
        (thrown: Failure) => thrown.code === "invalid_request" && thrown.message.includes(`field ${place} `),
      );
    });
  }
});
