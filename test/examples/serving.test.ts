import assert from "node:assert/strict";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { ExampleRun } from "./example-run.js";

const MESSAGES: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Count to 5." }];

describe("Examples of flows that are models", () => {
  let run: ExampleRun;
  before(async () => {
    run = await ExampleRun.start();
  });
  after(() => run.stop());
  const createClient = (path: string) =>
    new OpenAI({ apiKey: "none", baseURL: `${run.webUrl}${path}/v1`, maxRetries: 0 });

  it("A flow as an OpenAI model answers curl and the openai SDK, and stops when its client leaves", async () => {
    await run.deploy("A flow as an OpenAI model");
    const response = await fetch(`${run.webUrl}/ai/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: JSON.stringify({ model: "house", messages: MESSAGES }),
    });
    const answer = (await response.json()) as OpenAI.ChatCompletion;
    assert.equal(answer.choices[0]?.message.content, "1, 2, 3, 4, 5.");
    const client = createClient("/ai");
    assert.deepEqual(
      (await client.models.list()).data.map(({ id }) => id),
      ["house"],
    );
    const stream = client.chat.completions.stream({ model: "house", messages: MESSAGES });
    assert.equal(await stream.finalContent(), "1, 2, 3, 4, 5.");
    await run.deploy("A flow as an OpenAI model", 20);
    const story = await client.chat.completions.create({
      model: "house",
      messages: [{ role: "user", content: "Tell me a long story." }],
      stream: true,
    });
    for await (const { choices } of story) if (choices[0]?.delta.content) break;
    await run.waitForStatus("Answer", "grey", "ring");
  });

  it("Tools behind Open WebUI answers with what its tool found, streamed and for jobs such as titles", async () => {
    await run.deploy("Tools behind Open WebUI");
    const asked = {
      model: "house",
      messages: [{ role: "user" as const, content: "What is the weather in Paris?" }],
    };
    const stream = createClient("/webui").chat.completions.stream(asked);
    const whole = await stream.finalChatCompletion();
    assert.match(whole.choices[0]?.message.content ?? "", /Paris: \d+ °C, \w+/);
    assert.equal(whole.choices[0]?.message.tool_calls, undefined);
    const title = await createClient("/webui").chat.completions.create({ ...asked, stream: false });
    assert.match(title.choices[0]?.message.content ?? "", / °C/);
  });

  it("A flow as an Ollama model answers ollama-js", async () => {
    await run.deploy("A flow as an Ollama model");
    const client = new Ollama({ host: `${run.webUrl}/ollama` });
    assert.deepEqual(
      (await client.list()).models.map(({ name }) => name),
      ["house:latest"],
    );
    let text = "";
    const asked = { model: "house", messages: [{ role: "user", content: "Count to 5." }] };
    for await (const { message } of await client.chat({ ...asked, stream: true })) text += message.content;
    assert.equal(text, "1, 2, 3, 4, 5.");
  });

  it("Two models at one endpoint lists both, and only the good one thinks", async () => {
    await run.deploy("Two models at one endpoint");
    const client = createClient("/two-models");
    const { data } = await client.models.list();
    assert.deepEqual(
      data.map(({ id }) => id),
      ["good", "cheap"],
    );
    const thoughts = await Promise.all(
      data.map(async ({ id: model }) => {
        const answer = await client.chat.completions.create({ model, messages: MESSAGES });
        assert.equal(answer.choices[0]?.message.content, "1, 2, 3, 4, 5.");
        return (answer.choices[0]!.message as { reasoning_content?: string }).reasoning_content !== undefined;
      }),
    );
    assert.deepEqual(thoughts, [true, false]);
  });

  it("A page with useChat serves its page, and answers the transport of useChat", async () => {
    await run.deploy("A page with useChat");
    const page = await (await fetch(`${run.webUrl}/usechat`)).text();
    assert.match(page, /useChat\(\{ transport \}\)/);
    const [, api] = /DefaultChatTransport\(\{ api: "([^"]+)" \}\)/.exec(page)!;
    const { DefaultChatTransport, readUIMessageStream } = await import("ai");
    const stream = await new DefaultChatTransport({ api: `${run.webUrl}${api}` }).sendMessages({
      chatId: "chat-1",
      messages: [{ id: "u", role: "user", parts: [{ type: "text", text: "Count to 5." }] }],
      trigger: "submit-message",
      messageId: undefined,
      abortSignal: undefined,
    });
    let last: { parts: readonly object[] } | undefined;
    for await (const message of readUIMessageStream({ stream })) last = message;
    assert.equal((last!.parts.at(-1) as { text: string }).text, "1, 2, 3, 4, 5.");
  });
});
