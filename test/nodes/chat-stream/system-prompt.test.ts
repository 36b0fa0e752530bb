import assert from "node:assert/strict";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow, createChatStreamNode, createSinkNode } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import {
  answerByWeatherTool,
  answerCalls,
  createRouterFlow,
  readRequestMessages,
} from "../../support/flows/router.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Reply } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";

const RULES = "Canary: never say banana.";

describe("The system prompt of a chat-stream", () => {
  const service = useService();
  const runtime = useRuntime();
  const settings = { system: RULES };
  const readAsked = (nth: number) => readRequestMessages(service().requests[nth]!);
  const listMessages = () => runtime().arrivals.messages.map(({ message }) => message);

  /** @returns the stream's last message at the sink `out` */
  async function ask(flow: FlowNode[], message: Message = {}, at = "ask"): Promise<Message> {
    runtime().clearMessages();
    await runtime().deploy(flow);
    return askAgain({ payload: "Hi", ...message }, at);
  }

  async function askAgain(message: Message, at = "ask"): Promise<Message> {
    runtime().clearMessages();
    runtime().inject(at, message);
    const [end] = await runtime().waitForEnds("out");
    return end!;
  }

  function assertKeptOff(): void {
    assert.ok(listMessages().length > 0);
    assert.doesNotMatch(JSON.stringify(listMessages()), /banana/);
  }

  const readMessages = ({ request }: Message) => (request as ChatRequest).messages;

  it("is in no message, and goes out again if a flow sends the request back", async () => {
    const { request } = await ask(createAskFlow(service().url, settings));
    assertKeptOff();
    // As a page would send it: as JSON, and with a question more.
    const { messages, model } = JSON.parse(JSON.stringify(request)) as ChatRequest;
    await askAgain({ messages: [...messages, { role: "user", content: "And?" }], model });
    assertKeptOff();
    assert.deepEqual(readAsked(1), [...readAsked(0), { role: "user", content: "And?" }]);
    assert.deepEqual(readAsked(0)[0], { role: "system", content: RULES });
  });

  it("is in no message either if the prompt is an object that brings it", async () => {
    await ask(createAskFlow(service().url), { payload: { prompt: "Hi", system: RULES } });
    assertKeptOff();
    assert.equal(readAsked(0)[0]!.content, RULES);
  });

  it("is in no message of a stream that fails, and goes out again with each retry", async () => {
    service().queue.push((reply) => reply.sendJson(500, {}));
    service().script = (reply) => reply.sendJson(503, {});
    await ask(createRetryFlow(service().url, { stream: settings, retry: { attempts: 3 } }));
    assertKeptOff();
    assert.equal(service().requests.length, 3);
    for (const nth of [0, 1, 2]) assert.deepEqual(readAsked(nth), readAsked(0));
    assert.equal(readAsked(0)[0]!.content, RULES);
  });

  it("is the same in a retry if it was made of the payload", async () => {
    service().queue.push((reply) => reply.sendJson(500, {}));
    const stream = { system: '"Canary: banana for " & payload', systemType: "jsonata" };
    await ask(createRetryFlow(service().url, { stream }), { payload: "Ann" });
    assertKeptOff();
    assert.deepEqual(
      [0, 1].map((nth) => readAsked(nth)[0]!.content),
      Array(2).fill("Canary: banana for Ann"),
    );
  });

  it("goes to a fallback too, in place of the fallback's own", async () => {
    service().queue.push((reply) => reply.sendJson(401, {}));
    const fallback = createChatStreamNode({ id: "other", system: "Other rules.", wires: [["retry"]] });
    const flow = createRetryFlow(service().url, { stream: settings, fallback: ["other"] });
    await ask([...flow, fallback]);
    assertKeptOff();
    assert.deepEqual(readAsked(1), readAsked(0));
  });

  it("is in no message of a run of tools, and goes out in each turn", async () => {
    service().script = answerByWeatherTool;
    answerCalls(runtime(), "weather", () => "sunny");
    await ask(createRouterFlow(service().url, { stream: settings }), {}, "router");
    assertKeptOff();
    assert.equal(service().requests.length, 2);
    assert.deepEqual(
      [0, 1].map((nth) => readAsked(nth)[0]!.content),
      [RULES, RULES],
    );
  });

  it("can be read in msg.request if the node is set to show it", async () => {
    const end = await ask(createAskFlow(service().url, { ...settings, includeSystem: true }));
    assert.deepEqual(readMessages(end), [
      { role: "system", content: RULES },
      { role: "user", content: "Hi" },
    ]);
  });

  it("stays sealed in a node that shows its own", async () => {
    const nodes = [
      createChatStreamNode({ id: "open", includeSystem: true, system: "Other rules." }),
      createSinkNode("elsewhere"),
    ];
    const end = await ask([...createAskFlow(service().url, settings), ...nodes]);
    await askAgain({ messages: readMessages(end) }, "open");
    assertKeptOff();
    assert.deepEqual(readAsked(1), readAsked(0));
  });

  it("is that of the node that is asked if the sealed one is not of this Node-RED, or was changed", async () => {
    const [sealed] = readMessages(await ask(createAskFlow(service().url, settings)));
    const bytes = Buffer.from(String(sealed!["sealed"]), "base64");
    bytes[bytes.length - 1]! ^= 1;
    for (const damaged of [bytes.toString("base64"), Buffer.alloc(60, 7).toString("base64"), "%", ""]) {
      service().reset();
      const messages = [
        { ...sealed!, sealed: damaged },
        { role: "user", content: "Hi" },
      ];
      await askAgain({ messages });
      assert.deepEqual(readAsked(0), [
        { role: "system", content: RULES },
        { role: "user", content: "Hi" },
      ]);
    }
  });

  it("is not asked about on its own", async () => {
    const [sealed] = readMessages(await ask(createAskFlow(service().url, settings)));
    const end = await askAgain({ messages: [sealed!] });
    assert.equal((end["error"] as { code: string }).code, "invalid_request");
    assert.equal(service().requests.length, 1);
  });

  it("leaves a system message of the author's own as it is", async () => {
    const messages = [
      { role: "system", content: "Mine." },
      { role: "user", content: "Hi" },
    ];
    const end = await ask(createAskFlow(service().url, settings), { messages });
    assert.deepEqual(readMessages(end), messages);
    const say = (reply: Reply) => reply.say("Yes.");
    service().queue.push(say);
    await askAgain({ messages: [...readMessages(end)] });
    assert.deepEqual(readAsked(1), messages);
  });
});
