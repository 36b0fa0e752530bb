import assert from "node:assert/strict";
import OpenAI from "openai";
import { ExampleRun } from "./example-run.js";

const MESSAGES: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Count to 5." }];

describe("Examples of flows that are models", () => {
  let run: ExampleRun;
  before(async () => {
    run = await ExampleRun.start();
  });
  after(() => run.stop());
  const createClient = () => new OpenAI({ apiKey: "none", baseURL: `${run.webUrl}/ai/v1`, maxRetries: 0 });

  it("A flow as an OpenAI model answers curl and the openai SDK, and stops when its client leaves", async () => {
    await run.deploy("A flow as an OpenAI model");
    const response = await fetch(`${run.webUrl}/ai/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: JSON.stringify({ model: "house", messages: MESSAGES }),
    });
    const answer = (await response.json()) as OpenAI.ChatCompletion;
    assert.equal(answer.choices[0]?.message.content, "1, 2, 3, 4, 5.");
    const client = createClient();
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
});
