import assert from "node:assert/strict";
import OpenAI from "openai";
import { createCollectNode, createFlowNode } from "../../support/flows/nodes.js";
import { createServedFlow, deployServed, KEY } from "../../support/flows/serving.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { createChunk } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

const MESSAGES: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Hi" }];

describe("Nodes between chat-in and chat-out", () => {
  const runtime = useRuntime();
  const service = useService();
  const deploy = (more: Parameters<typeof createServedFlow>[1] = {}) =>
    deployServed(runtime(), createServedFlow(service().url, more));
  const createClient = () => new OpenAI({ apiKey: KEY, baseURL: `${runtime().url}/ai/v1`, maxRetries: 0 });
  /** @returns the answer as a whole, and as it was streamed */
  const ask = async (more: { messages?: OpenAI.ChatCompletionMessageParam[] } = {}) => {
    const asked = { model: "house", messages: MESSAGES, ...more };
    const whole = await createClient().chat.completions.create(asked);
    const streamed = await createClient().chat.completions.stream(asked).finalChatCompletion();
    return [whole, streamed].map(({ choices }) => choices[0]!);
  };

  it("delta-buffer makes larger pieces of the same answer", async () => {
    await deploy({
      stream: { wires: [["buffer"]] },
      nodes: [createFlowNode("delta-buffer", "buffer", ["out"], { milliseconds: "", count: 3 })],
    });
    service().script = (reply) => reply.say(..."abcdefg");
    for (const { message } of await ask()) assert.equal(message.content, "abcdefg");
  });

  it("collect sends the whole answer as one message, with its reasoning and its calls", async () => {
    await deploy({
      stream: { wires: [["collect"]] },
      nodes: [createCollectNode({ wires: [["out"], ["out"]] })],
    });
    service().script = (reply) =>
      reply
        .send(createChunk({ reasoning_content: "Hm." }), "Hello")
        .send(
          createChunk({
            tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
          }),
        )
        .finish("tool_calls");
    for (const { message, finish_reason: reason } of await ask()) {
      assert.equal(message.content, "Hello");
      assert.equal((message as { reasoning_content?: string }).reasoning_content, "Hm.");
      const [call] = message.tool_calls as OpenAI.ChatCompletionMessageFunctionToolCall[];
      assert.deepEqual([call?.id, call?.function.name, call?.function.arguments], ["c", "f", "{}"]);
      assert.equal(reason, "tool_calls");
    }
    service().script = (reply) => reply.sendJson(503, { error: { message: "busy" } });
    await assert.rejects(ask(), { status: 503 });
  });

  it("an object is answered as JSON, and so is what a flow without a model sends", async () => {
    const answer = createFlowNode("change", "ask", ["out"], {
      rules: [{ t: "set", p: "payload", pt: "msg", to: '{"sum":42,"of":"msg"}', tot: "json" }],
    });
    await deployServed(
      runtime(),
      createServedFlow(service().url).map((node) => (node.id === "ask" ? answer : node)),
    );
    for (const { message, finish_reason: reason } of await ask()) {
      assert.deepEqual(JSON.parse(message.content!), { sum: 42, of: "msg" });
      assert.equal(reason, "stop");
    }
  });

  it("numbers, buffers and empty payloads are answered as text", async () => {
    const reply = createFlowNode("function", "ask", ["out"], {
      func: "msg.payload = { number: 42, buffer: Buffer.from('ä'), empty: '', nothing: null, no: false }[msg.payload]; return msg;",
    });
    await deployServed(
      runtime(),
      createServedFlow(service().url).map((node) => (node.id === "ask" ? reply : node)),
    );
    for (const [question, answer] of [
      ["number", "42"],
      ["buffer", "ä"],
      ["empty", ""],
      ["nothing", ""],
      ["no", "false"],
    ] as const) {
      for (const { message } of await ask({ messages: [{ role: "user", content: question }] }))
        assert.equal(message.content, answer, question);
    }
  });

  it("core split sends a sequence, which is one answer", async () => {
    const split = [
      createFlowNode("change", "ask", ["split"], {
        rules: [{ t: "set", p: "payload", pt: "msg", to: "one,two,three", tot: "str" }],
      }),
      createFlowNode("split", "split", ["out"], {
        splt: ",",
        spltType: "str",
        arraySplt: 1,
        arraySpltType: "len",
      }),
    ];
    await deployServed(runtime(), [
      ...createServedFlow(service().url).filter(({ id }) => id !== "ask"),
      ...split,
    ]);
    for (const { message } of await ask()) assert.equal(message.content, "onetwothree");
  });

  it("retry mends an answer before its first text and goes on after it, unseen by the client", async () => {
    await deploy({
      stream: { wires: [["retry"]] },
      nodes: [
        { ...createFlowNode("retry", "retry", [], { attempts: 3, delay: 1 }), wires: [["out"], ["ask"], []] },
      ],
    });
    for (const isStreamed of [true, false]) {
      service().queue.push((reply) => reply.sendJson(503, { error: { message: "busy" } }));
      service().queue.push(async (reply) => {
        await reply.sendApart("The quick brown", " fox jumps over");
        reply.drop();
      });
      service().queue.push((reply) => reply.say(" the lazy dog."));
      const asked = { model: "house", messages: MESSAGES };
      const client = createClient();
      const text = isStreamed
        ? await client.chat.completions.stream(asked).finalContent()
        : (await client.chat.completions.create(asked)).choices[0]?.message.content;
      assert.equal(text, "The quick brown fox jumps over the lazy dog.");
    }
  });

  it("retry that starts over begins the answer again for a client that has nothing yet, or reads it whole", async () => {
    await deploy({
      stream: { wires: [["retry"]] },
      nodes: [
        {
          ...createFlowNode("retry", "retry", [], { attempts: 2, delay: 1, afterText: "restart" }),
          wires: [["out"], ["ask"], []],
        },
      ],
    });
    const breakOff = (...texts: string[]) =>
      service().queue.push(async (reply) => {
        await reply.sendApart(...texts);
        reply.drop();
      });
    breakOff("Wrong");
    service().queue.push((reply) => reply.say("Right."));
    const whole = await createClient().chat.completions.create({ model: "house", messages: MESSAGES });
    assert.equal(whole.choices[0]?.message.content, "Right.");
    breakOff("Wrong");
    service().queue.push((reply) => reply.say("Right."));
    const stream = await createClient().chat.completions.create({
      model: "house",
      messages: MESSAGES,
      stream: true,
    });
    await assert.rejects(
      async () => {
        for await (const _ of stream);
      },
      { code: "interrupted" },
    );
  });

  it("tool-call-router runs the flow's tools in the flow: the client sees the answer alone", async () => {
    const tool = { name: "get_weather", description: "", parameters: { type: "object" } };
    await deploy({
      in: { wires: [["router"]] },
      stream: { wires: [["router"]] },
      nodes: [
        {
          ...createFlowNode("tool-call-router", "router", [], { tools: [tool], outputs: 3 }),
          wires: [["out"], ["ask"], ["weather"]],
        },
        createFlowNode("change", "weather", ["router"], {
          rules: [{ t: "set", p: "payload", pt: "msg", to: "sunny", tot: "str" }],
        }),
      ],
    });
    const call = { index: 0, id: "c1", type: "function", function: { name: "get_weather", arguments: "{}" } };
    service().script = (reply, { body }) => {
      const isAnswered = (body["messages"] as { role: string }[]).some(({ role }) => role === "tool");
      if (isAnswered) reply.say("It is", " sunny.");
      else reply.send("Let me look. ", createChunk({ tool_calls: [call] })).finish("tool_calls");
    };
    for (const { message, finish_reason: reason } of await ask()) {
      assert.equal(message.content, "Let me look. It is sunny.");
      assert.equal(message.tool_calls, undefined);
      assert.equal(reason, "stop");
    }
  });

  it("messages that come out of order or twice are put in order", async () => {
    const shuffle = createFlowNode("function", "shuffle", ["out"], {
      func: `const held = context.get("held") || [];
held.push(msg);
context.set("held", held);
if (!msg.complete) return null;
context.set("held", []);
return [held.reverse().flatMap((one) => [one, RED.util.cloneMessage(one)])];`,
    });
    await deploy({ stream: { wires: [["shuffle"]] }, nodes: [shuffle] });
    service().script = (reply) => reply.say(..."abcdef");
    for (const { message } of await ask()) assert.equal(message.content, "abcdef");
  });

  it("of two streams for one request the first counts, and the author is warned", async () => {
    await deploy({
      in: { wires: [["ask", "ask-2"]] },
      nodes: [createFlowNode("chat-stream", "ask-2", ["out"], { provider: "provider", model: "model-2" })],
    });
    let goOn = () => {};
    const isTime = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    service().script = async (reply, { body }) => {
      if (body["model"] === "model-2") {
        await isTime;
        reply.say("Second.");
        return;
      }
      reply.send("First");
      await waitUntil(
        () => runtime().logs.some(({ msg }) => /Two answers came for one request/.test(String(msg))),
        "the author is warned",
      );
      reply.send(".").finish();
    };
    const stream = createClient().chat.completions.stream({ model: "house", messages: MESSAGES });
    stream.on("content", goOn);
    assert.equal(await stream.finalContent(), "First.");
  });

  for (const [what, wires, func] of [
    ["a stream that has lost msg.parts", ["f"], "delete msg.parts; return msg;"],
    ["a second whole message", ["collect"], "return [[msg, { ...msg, payload: 'P.S.' }]];"],
    ["a text behind a stream", ["out", "f"], "if (msg.complete) return { ...msg, parts: undefined };"],
    ["a stream and its collected answer", ["out", "collect"], "return msg;"],
  ] as const)
    it(`of ${what} the first answer counts, and the author is warned after its end`, async () => {
      await deploy({
        stream: { wires: [wires] },
        nodes: [
          createFlowNode("collect", "collect", ["f"]),
          createFlowNode("function", "f", ["out"], { func, outputs: 1, libs: [] }),
        ],
      });
      const listWarnings = () => runtime().logs.filter(({ level, id }) => level === 30 && id === "out");
      await createClient().chat.completions.create({ model: "house", messages: MESSAGES });
      await waitUntil(() => listWarnings().length > 0, "the author is warned");
      await createClient().chat.completions.create({ model: "house", messages: MESSAGES });
      await pause();
      assert.equal(listWarnings().length, 1);
      assert.match(String(listWarnings()[0]!.msg), /^Two answers came for one request.+leave msg\.parts/);
    });

  it("a message that comes twice, and an error after the answer, are no second answer", async () => {
    await deploy({
      stream: { wires: [["out", "again", "fail"]] },
      nodes: [
        createFlowNode("delay", "again", ["out"], {
          pauseType: "delay",
          timeout: "50",
          timeoutUnits: "milliseconds",
        }),
        createFlowNode("function", "fail", [], {
          func: "if (msg.complete) throw new Error('late')",
          outputs: 1,
          libs: [],
        }),
        createFlowNode("catch", "caught", ["again"], { scope: ["fail"] }),
      ],
    });
    await createClient().chat.completions.create({ model: "house", messages: MESSAGES });
    await pause(150);
    assert.deepEqual(
      runtime().logs.filter(({ level, id }) => level === 30 && id === "out"),
      [],
    );
  });

  it("a message that answers nobody is an error for its author", async () => {
    await deploy();
    runtime().inject("out", { payload: "Hi" });
    const [caught] = await runtime().waitUntil("errors", (messages) => messages.length === 1);
    const { code, message } = caught!["error"] as { code: string; message: string };
    assert.equal(code, "configuration");
    assert.match(message, /msg\.replyTo/);
    runtime().inject("out", { payload: "Hi", replyTo: { id: "gone", endpoint: "endpoint", form: "chat" } });
    await runtime().waitUntil("completed", (messages) => messages.length === 1);
  });
});
