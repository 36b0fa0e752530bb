import assert from "node:assert/strict";
import type { buildStats } from "../../../src/core/chat/stats.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { createDeltaChunk, createModel, RouterWorld } from "../../support/worlds/router-world.js";

const PARIS = { name: "get_weather", args: { city: "Paris" } };

describe("A run of tool calls", () => {
  it("offers the tools, sends the calls to them, and asks for the next turn with their results", () => {
    const world = new RouterWorld(
      createModel({ texts: ["Let me", " look."], calls: [PARIS] }, { texts: [" It", " rains."] }),
    );
    world.onCall = (message) => world.input({ ...message, payload: { rain: true } });
    world.input({ payload: "Paris?", topic: "t", _msgid: "m" });
    const [first, next] = world.requests;
    assert.deepEqual(
      (first!["tools"] as { function: { name: string } }[]).map((tool) => tool.function.name),
      ["get_weather", "get_time"],
    );
    assert.equal(first!.payload, "Paris?");
    assert.deepEqual(world.getConversation(1), [
      { role: "user", content: "Paris?" },
      {
        role: "assistant",
        content: "Let me look.",
        tool_calls: [
          {
            id: "call_0",
            type: "function",
            function: { name: "get_weather", arguments: '{"city":"Paris"}' },
          },
        ],
      },
      { role: "tool", tool_call_id: "call_0", content: '{"rain":true}' },
    ]);
    assert.equal(next!["model"], "model-1");
    assert.deepEqual(next!["tools"], first!["tools"]);
    assert.equal(next!["topic"], "t");
    assert.equal(joinPayloads(world.out), "Let me look. It rains.");
    assert.equal(world.done, world.got);
    assert.equal(world.clock.timerCount, 0);
  });

  it("sends one stream to the reader, whose last message lists all turns", () => {
    const world = new RouterWorld(
      createModel(
        { texts: ["a"], calls: [PARIS], usage: { total_tokens: 1 } },
        { texts: ["b", "c"], usage: { total_tokens: 2 } },
      ),
    );
    world.input({ payload: "Paris?" });
    assert.ok(world.out.every(({ parts }) => parts!.id === "stream-0"));
    assert.deepEqual(
      world.out.map(({ parts, payload }) => [parts!.index, payload]),
      ["a", "b", "c", ""].map((text, index) => [index, text]),
    );
    assert.ok(world.out.every((message) => !("askedBy" in message) && !("toolCall" in message)));
    const [end] = world.ends;
    assert.equal(end!.parts!.count, 4);
    assert.equal(end!.finishReason, "stop");
    assert.deepEqual(end!.usage, { total_tokens: 2 });
    assert.deepEqual(end!["rounds"], [
      {
        usage: { total_tokens: 1 },
        cost: null,
        finishReason: "tool_calls",
        characters: 1,
        calls: [{ id: "call_0", name: "get_weather", outcome: "answered", durationMs: 0 }],
      },
      { usage: { total_tokens: 2 }, cost: null, finishReason: "stop", characters: 2, calls: [] },
    ]);
    const { rounds, characters, attempts } = end!.stats as ReturnType<typeof buildStats> & { rounds: number };
    assert.deepEqual([rounds, characters, attempts], [2, 3, 2]);
    assert.equal((end!.request as { messages: unknown[] }).messages.length, 3);
  });

  it("sends parallel calls at once, each to its tool's output, and takes the answers in any order", () => {
    const world = new RouterWorld(
      createModel({ calls: [PARIS, { name: "get_time" }, { ...PARIS, id: "x" }] }, { texts: ["Done."] }),
    );
    world.onCall = () => {};
    world.input({ payload: "Paris?" });
    assert.deepEqual(
      world.calls.map(({ output }) => output),
      [3, 4, 3],
    );
    const { message } = world.calls[0]!;
    const { run, ...tag } = message["toolCall"] as Record<string, unknown>;
    assert.equal(typeof run, "string");
    assert.deepEqual(tag, {
      id: "call_0",
      name: "get_weather",
      arguments: { city: "Paris" },
      round: 1,
      node: "router",
    });
    assert.deepEqual(message["payload"], { city: "Paris" });
    assert.ok(!("askedBy" in message) && !("parts" in message) && !("request" in message));
    for (const nth of [2, 0, 1]) {
      assert.equal(world.requests.length, 1);
      world.answer(nth, `answer ${nth}`);
    }
    assert.deepEqual(world.getResults(1), ["answer 0", "answer 1", "answer 2"]);
  });

  it("repeats reasoning and vendor fields in the next request, and removes tool calls from the reader's messages", () => {
    const signature = { extra_content: { google: { thought_signature: "s" } } };
    const world = new RouterWorld(
      createModel(
        {
          chunks: [
            createDeltaChunk({ reasoning_content: "Hm." }),
            createDeltaChunk({ reasoning_details: [{ type: "reasoning.encrypted", data: "x", index: 0 }] }),
            createDeltaChunk({
              content: "I look.",
              tool_calls: [{ index: 0, id: "c", function: { name: "get_time" } }],
            }),
            createDeltaChunk({ tool_calls: [{ index: 0, ...signature }] }, "tool_calls"),
          ],
        },
        { texts: ["Done."] },
      ),
    );
    world.input({ payload: "Paris?" });
    assert.deepEqual(world.getConversation(1)[1], {
      role: "assistant",
      content: "I look.",
      reasoning_content: "Hm.",
      reasoning_details: [{ type: "reasoning.encrypted", data: "x", index: 0 }],
      tool_calls: [
        { ...signature, id: "c", type: "function", function: { name: "get_time", arguments: "{}" } },
      ],
    });
    assert.deepEqual(
      world.out.map(({ payload, chunk }) => [payload, chunk !== undefined]),
      [
        ["", true],
        ["", true],
        ["I look.", false],
        ["Done.", false],
        ["", true],
      ],
    );
    assert.ok(!JSON.stringify(world.out.map(({ chunk }) => chunk ?? null)).includes("tool_calls"));
  });

  it("keeps the other content of a chunk that has text and a tool call", () => {
    const textAndCall = createDeltaChunk({
      content: "a",
      tool_calls: [{ index: 0, id: "c", function: { name: "get_weather" } }],
    });
    const logprobs = { content: [{ token: "a", logprob: -1 }] };
    const chunk = { choices: [{ ...textAndCall.choices[0]!, logprobs }] };
    const world = new RouterWorld(createModel({ chunks: [chunk], finish: "tool_calls" }, { texts: ["b"] }));
    world.input({ payload: "Paris?" });
    const choice = (world.out[0]!.chunk as typeof chunk).choices[0]!;
    assert.deepEqual(choice.logprobs, logprobs);
    assert.equal(choice.delta.tool_calls, undefined);
  });

  it("forces a tool call in the first turn only", () => {
    for (const [toolChoice, choice] of [
      ["get_time", { type: "function", function: { name: "get_time" } }],
      ["required", "required"],
    ] as const) {
      const world = new RouterWorld(createModel({ calls: [{ name: "get_time" }] }, { texts: ["."] }), {
        toolChoice,
        parallel: "no",
      });
      world.input({ payload: "Time?", options: { temperature: 0 } });
      assert.deepEqual(world.requests[0]!["options"], {
        tool_choice: choice,
        parallel_tool_calls: false,
        temperature: 0,
      });
      assert.deepEqual(world.requests[1]!["options"], {
        tool_choice: "auto",
        parallel_tool_calls: false,
        temperature: 0,
      });
    }
  });

  it("prefers msg.options.tool_choice, and sets no choice if there is no tool", () => {
    const world = new RouterWorld(createModel({ texts: ["."] }), { toolChoice: "required" });
    world.input({ payload: "Time?", options: { tool_choice: "none" } });
    assert.deepEqual(world.requests[0]!["options"], { tool_choice: "none" });
    const bare = new RouterWorld(createModel({ texts: ["."] }), { toolChoice: "required", tools: [] });
    bare.input({ payload: "Time?" });
    assert.ok(!("tools" in bare.requests[0]!) && !("options" in bare.requests[0]!));
  });

  it("adds the tools of the message; the node's own tool wins if a name comes twice, with one warning", () => {
    const other = { type: "function", function: { name: "other", parameters: { type: "object" } } };
    const mine = { type: "function", function: { name: "get_time" } };
    const world = new RouterWorld(createModel({ texts: ["."] }), { otherTools: true });
    for (const tools of [[other, mine], [mine]]) world.input({ payload: "Time?", tools });
    const names = (nth: number) =>
      (world.requests[nth]!["tools"] as { function: { name: string } }[]).map((tool) => tool.function.name);
    assert.deepEqual(names(0), ["other", "get_weather", "get_time"]);
    assert.deepEqual(names(1), ["get_weather", "get_time"]);
    assert.equal(world.warnings.length, 1);
    assert.match(world.warnings[0]!, /get_time/);
  });

  it("sends calls of the message's own tools to the last output if otherTools is set", () => {
    const other = {
      type: "function",
      function: { name: "other", parameters: { type: "object", required: ["a"] } },
    };
    const calls = [{ name: "other", args: { a: 1 } }, { name: "other", args: {} }, { name: "nobody" }];
    const world = new RouterWorld(createModel({ calls }, { texts: ["."] }), {
      otherTools: true,
      messageSchemas: true,
    });
    world.input({ payload: "Go", tools: [other] });
    assert.deepEqual(
      world.calls.map(({ output, message }) => [output, message.payload]),
      [[5, { a: 1 }]],
    );
    const [answered, refused, unknown] = world.getResults(1);
    assert.equal(answered, '{"a":1}');
    assert.match(refused!, /schema.*a/);
    assert.match(unknown!, /There is no tool "nobody"/);
    const without = new RouterWorld(createModel({ calls: [calls[0]!] }, { texts: ["."] }));
    without.input({ payload: "Go", tools: [other, { type: "web_search" }] });
    assert.match(without.getResults(1)[0]!, /There is no tool "other"/);
    assert.match(without.warnings[0]!, /no output for: other\./);
    without.input({ payload: "Go", tools: [other] });
    assert.equal(without.warnings.length, 2, "and one when it was called");
  });

  it("sends calls of the message's own tools unchecked if messageSchemas is not set", () => {
    const parameters = { type: "object", required: ["a"], properties: { a: { pattern: "^(a+)+$" } } };
    const other = { type: "function", function: { name: "other", parameters } };
    const calls = [
      { name: "other", args: {} },
      { name: "other", args: { a: `${"a".repeat(40)}b` } },
    ];
    for (const messageSchemas of [undefined, false]) {
      const world = new RouterWorld(createModel({ calls }, { texts: ["."] }), {
        otherTools: true,
        messageSchemas,
      });
      world.input({ payload: "Go", tools: [other] });
      assert.deepEqual(
        world.calls.map(({ message }) => message.payload),
        calls.map(({ args }) => args),
      );
    }
  });

  it("runs the calls of the first choice, and leaves those of other choices to the reader", () => {
    const called = { index: 0, id: "c", type: "function", function: { name: "get_time", arguments: "{}" } };
    const chunk = { choices: [{ index: 1, delta: { tool_calls: [called] }, finish_reason: null }] };
    const world = new RouterWorld(createModel({ texts: ["a"], chunks: [chunk] }));
    world.input({ payload: "Time?" });
    assert.equal(world.calls.length, 0);
    const [, second] = world.out;
    assert.deepEqual((second!.chunk as typeof chunk).choices[0]!.delta.tool_calls, [called]);
  });

  it("runs the calls of a stream that it did not ask for, under the stream's own id", () => {
    const world = new RouterWorld(createModel({ texts: ["Done."] }));
    world.sendStream({ payload: "Paris?", topic: "t" }, { texts: ["I look."], calls: [PARIS] });
    assert.equal(joinPayloads(world.out), "I look.Done.");
    assert.ok(world.out.every(({ parts, topic }) => parts!.id === "stream-0" && topic === "t"));
    const [{ run }] = world.requests[0]!["askedBy"] as [{ run: string }];
    assert.deepEqual(world.requests[0]!["askedBy"], [
      { kind: "run", node: "router", run, round: 2, stream: "stream-0" },
    ]);
  });

  it("keeps the place in a sequence of core's split on each message", () => {
    const parts = { id: "split", index: 1, count: 3, type: "array", len: 1 };
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }, { texts: ["b"] }));
    world.input({ payload: "Paris?", parts });
    assert.deepEqual(world.requests[0]!.parts, parts);
    assert.deepEqual(world.requests[1]!.parts, parts);
    assert.ok(world.out.every((message) => message.parts!.parts?.id === "split"));
    assert.ok(!("parts" in world.calls[0]!.message));
  });

  it("passes a failure of the stream on, and leaves its report to the node that failed", () => {
    const world = new RouterWorld(
      createModel({ texts: ["a"], calls: [PARIS] }, { texts: ["b"], fails: "interrupted" }),
    );
    world.input({ payload: "Paris?" });
    const [end] = world.ends;
    assert.equal(end!.finishReason, "error");
    const { code, partial } = end!.error as { code: string; partial: string };
    assert.deepEqual([code, partial], ["interrupted", "ab"]);
    assert.equal(world.errors.length, 0);
  });

  it("takes the messages of a stream in order, in whatever order they arrive", () => {
    const world = new RouterWorld(createModel({ texts: ["a", "b", "c"], calls: [PARIS] }, { texts: ["d"] }));
    const held: Parameters<typeof world.input>[0][] = [];
    world.onStream = (message) => {
      held.push(message);
      if (message.complete) for (const late of held.splice(0).reverse()) world.input(late);
    };
    world.input({ payload: "Paris?" });
    assert.equal(joinPayloads(world.out), "abcd");
    assert.deepEqual(world.calls[0]!.message.payload, { city: "Paris" });
  });

  it("ends with an error that names the missing messages of a stream", async () => {
    const world = new RouterWorld(createModel({ texts: ["a", "b", "c"] }));
    world.onStream = (message) => {
      if (message.parts!.index !== 1) world.input(message);
    };
    world.input({ payload: "Paris?" });
    assert.equal(world.ends.length, 0);
    await world.clock.advance(5_000);
    assert.equal((world.ends[0]!.error as { code: string }).code, "bad_response");
    assert.match(world.errors[0]!.message, /messages 1 are missing/);
    assert.equal(world.clock.timerCount, 0);
  });

  it("ignores a second stream that answers the same request", () => {
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }, { texts: ["b"] }));
    world.changeRequest = (message) => {
      world.changeRequest = (again) => again;
      const copy = structuredClone(message);
      world.sendStream(message, { texts: ["a"], calls: [PARIS] });
      world.sendStream(copy, { texts: ["x"], calls: [PARIS] });
      return undefined;
    };
    world.input({ payload: "Paris?" });
    assert.equal(joinPayloads(world.out), "ab");
    assert.equal(world.calls.length, 1);
    assert.equal(world.commands.length, 1);
  });
});
