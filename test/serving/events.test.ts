import assert from "node:assert/strict";
import fc from "fast-check";
import { CompletionMachine } from "../../src/core/chat/completion.js";
import { Failure } from "../../src/core/failure.js";
import { createEventsWriter, EVENTS, readEventId } from "../../src/serving/events.js";
import {
  anyAnswer,
  collectAnswer,
  NAME,
  pickMessage,
  SOURCE,
  writeFrames,
} from "../support/serving/any-answer.js";

const REQUEST = EVENTS.readRequest({ prompt: "Hi" }, SOURCE);

interface Event {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

/** Reads events as `EventSource` does; the parser is another one than the package's. */
function parse(frames: string): Event[] {
  return frames
    .split("\n\n")
    .filter((block) => block.includes("data: "))
    .map((block) => {
      const fields = new Map(
        block
          .split("\n")
          .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
      );
      return {
        event: fields.get("event") ?? "message",
        id: fields.get("id") ?? "",
        data: JSON.parse(fields.get("data")!) as Record<string, unknown>,
      };
    });
}

/** Puts an answer together from its events. */
function collect(events: readonly Event[]) {
  const machine = new CompletionMachine();
  for (const { event, data } of events)
    if (event === "message")
      machine.addChunk(
        { choices: [{ index: 0, delta: (data["delta"] ?? {}) as never }] },
        String(data["payload"]),
      );
  return pickMessage(machine.buildCompletion(NAME.id).choices[0]?.message ?? {});
}

describe("Plain events for clients", () => {
  it("have the answer that collect gives, whatever stream it is", () => {
    fc.assert(
      fc.property(anyAnswer, (answer) => {
        const events = parse(writeFrames(REQUEST, answer));
        assert.deepEqual(collect(events), pickMessage(collectAnswer(answer).choices[0]?.message ?? {}));
        assert.equal(events[0]!.event, "start");
        assert.deepEqual(events.at(-1), {
          event: "done",
          id: `${NAME.id}:end`,
          data: { finishReason: answer.end.finishReason, usage: answer.end.usage },
        });
      }),
    );
  });

  it("have ids behind which a reader goes on and misses nothing, wherever it was cut off", () => {
    fc.assert(
      fc.property(anyAnswer, fc.nat(), ({ pieces, end }, at) => {
        const events = parse(writeFrames(REQUEST, { pieces, end })).slice(0, -1);
        const cut = at % events.length;
        const place = readEventId(events[cut]!.id)!;
        assert.equal(place.answerId, NAME.id);
        const next = Number(place.index) + 1;
        const writer = createEventsWriter(NAME, next);
        const rest = pieces
          .slice(next)
          .map((piece) =>
            typeof piece === "string" ? writer.writeText(piece) : writer.writeChunk(piece.chunk, piece.text),
          );
        const joined = [...events.slice(0, cut + 1), ...parse(rest.join(""))];
        assert.deepEqual(
          joined.map(({ id, data }) => [id, data]),
          events.map(({ id, data }) => [id, data]),
        );
      }),
    );
  });

  it("say that an answer failed, was taken back, and which tools the flow ran", () => {
    const writer = REQUEST.createWriter(NAME);
    const note = { id: "c", name: "f", arguments: {} };
    const events = parse(
      [
        writer.writeText("Wrong"),
        writer.writeText(" too"),
        writer.restart(1),
        writer.writeTool(note),
        writer.writeText("Right"),
        writer.end({ finishReason: "error", usage: null, failure: new Failure("overloaded", "x").toJSON() }),
      ].join(""),
    );
    assert.deepEqual(events, [
      { event: "message", id: `${NAME.id}:0`, data: { payload: "Wrong" } },
      { event: "message", id: `${NAME.id}:1`, data: { payload: " too" } },
      { event: "reset", id: `${NAME.id}:0`, data: {} },
      { event: "tool", id: `${NAME.id}:1`, data: note },
      { event: "message", id: `${NAME.id}:2`, data: { payload: "Right" } },
      {
        event: "failed",
        id: `${NAME.id}:end`,
        data: { code: "overloaded", message: "The model is busy. Try again later." },
      },
    ]);
  });

  it("say nothing of a chunk without content, which keeps its place in the numbers", () => {
    const writer = REQUEST.createWriter(NAME);
    const choices = [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }];
    const chunk = { id: "", object: "chat.completion.chunk", created: 0, model: "", choices } as const;
    assert.equal(writer.writeChunk(chunk, ""), "");
    const [event] = parse(writer.writeText("Hi"));
    assert.deepEqual(event, { event: "message", id: `${NAME.id}:1`, data: { payload: "Hi" } });
  });

  it("have nothing of a choice other than the first", () => {
    const writer = REQUEST.createWriter(NAME);
    const choices = [{ index: 1, delta: { reasoning: "other" }, finish_reason: null }];
    const chunk = { id: "", object: "chat.completion.chunk", created: 0, model: "", choices } as const;
    assert.equal(writer.writeChunk(chunk, ""), "");
  });

  it("begin with how long a browser waits before it connects again, and where it goes on if nothing follows", () => {
    const begin = createEventsWriter(NAME, 5).begin();
    assert.match(begin, /^retry: 3000\n/);
    assert.deepEqual(parse(begin), [
      { event: "start", id: `${NAME.id}:4`, data: { id: NAME.id, model: NAME.model } },
    ]);
  });

  it("keep a connection open with a comment, which no reader sees", () => {
    assert.match(REQUEST.createWriter(NAME).keepAlive(true), /^:[^\n]*\n\n$/);
  });

  it("name each failure by its code, also one whose reason only the author may know", () => {
    const failure = new Failure("configuration", "secret").toJSON();
    const frames = REQUEST.createWriter(NAME).end({ finishReason: "error", usage: null, failure });
    const [event] = parse(frames);
    assert.equal(event!.data["code"], "configuration");
    assert.doesNotMatch(frames, /secret/);
  });

  it("read only ids of their own", () => {
    assert.deepEqual(readEventId("a-b:-1"), { answerId: "a-b", index: -1 });
    assert.deepEqual(readEventId("a:end"), { answerId: "a", index: "end" });
    for (const value of ["", "a", "a:", "a:x", "a b:1", "a:-2", "a:99999999999", undefined, ["a:1"]])
      assert.equal(readEventId(value), undefined, String(value));
  });

  it("are asked with a model, tools, a user and parameters, of which the model in the address wins", () => {
    const tools = [{ type: "function", function: { name: "f" } }];
    const body = { prompt: "Hi", model: "m", tools, user: "u", temperature: 0.5, service_tier: "priority" };
    const { model, options, user, isStreamed, ...request } = EVENTS.readRequest(body, SOURCE).request;
    assert.deepEqual([model, user, isStreamed, request.tools], ["m", "u", true, tools]);
    assert.deepEqual(options, { temperature: 0.5 });
    assert.equal(EVENTS.readRequest(body, { ...SOURCE, model: "address" }).request.model, "address");
  });

  it("are asked with a prompt or with a conversation", () => {
    const messages = [{ role: "user", content: "Hi" }];
    assert.deepEqual(REQUEST.request.messages, messages);
    assert.deepEqual(EVENTS.readRequest({ messages, id: "c" }, SOURCE).request.conversation, "c");
    for (const body of [{}, { prompt: "" }, { prompt: 5 }, { messages: [] }])
      assert.throws(() => EVENTS.readRequest(body, SOURCE), { code: "invalid_request" });
  });
});
