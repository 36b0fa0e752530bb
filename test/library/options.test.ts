import assert from "node:assert/strict";
import {
  type ChatOptions,
  chatStream,
  Failure,
  PROVIDERS,
  type Provider,
  startChat,
} from "../../src/index.js";
import { useService } from "../support/services/use-service.js";

describe("The library", () => {
  const service = useService();
  const options = (more: object = {}): ChatOptions => ({
    provider: "custom",
    baseUrl: service().url,
    model: "model-1",
    messages: "Hi",
    ...more,
  });

  it("takes a text as the one message of a user", async () => {
    await chatStream(options()).collect();
    assert.deepEqual(service().requests[0]!.body["messages"], [{ role: "user", content: "Hi" }]);
  });

  it("works with the demo without an address, a key and a model", async () => {
    const whole = await chatStream({ provider: "demo", messages: "Count to 3." }).collect();
    assert.match(String(whole.choices[0]!.message.content), /1.*2.*3/s);
  });

  it("needs no model if the service has one of its own", async () => {
    for (const provider of ["llamacpp", "venice"])
      await chatStream({ provider, baseUrl: service().url, apiKey: "k", messages: "Hi" }).collect();
    assert.deepEqual(
      service().requests.map(({ body }) => body["model"]),
      ["default", "default"],
    );
  });

  it("refuses an option that does not exist, by its name", async () => {
    for (const name of ["temperature", "mesages"])
      await assert.rejects(chatStream(options({ [name]: 1 })).collect(), (error: unknown) => {
        assert.ok(error instanceof Failure && error.code === "configuration");
        return error.message.includes(`“${name}”`);
      });
    assert.equal(service().requests.length, 0);
  });

  it("cancels a stream by the signal in its options", async () => {
    const controller = new AbortController();
    service().script = (reply) => {
      reply.send("Half ");
    };
    const stream = chatStream(options({ signal: controller.signal }));
    await assert.rejects(
      async () => {
        for await (const _text of stream.textDeltas()) controller.abort();
      },
      (error: unknown) => error instanceof Failure && error.code === "cancelled" && error.partial === "Half ",
    );
    assert.equal(stream.finishReason, "cancelled");
  });

  it("cancels startChat by the signal in its options", async () => {
    const controller = new AbortController();
    service().script = (reply) => {
      reply.send("Half ");
    };
    const outcome = await new Promise((resolve) => {
      startChat(options({ signal: controller.signal }), {
        onText: () => controller.abort(),
        onChunk: () => {},
        onEnd: (result) => resolve(result.outcome),
      });
    });
    assert.equal(outcome, "cancelled");
  });

  it("tells sizes, times and the finish reason of a stream that has ended", async () => {
    const stream = chatStream(options());
    assert.deepEqual([stream.stats, stream.finishReason], [null, null]);
    await stream.collect();
    assert.equal(stream.stats?.characters, "Hello world".length);
    assert.equal(stream.finishReason, "stop");
  });

  it("asks a provider of the caller's own", async () => {
    const openai = PROVIDERS.find(({ id }) => id === "custom")!;
    const own: Provider = {
      ...openai,
      id: "own",
      label: "Own",
      baseUrl: service().url,
      chooseModel: () => "own-model",
    };
    await chatStream({ provider: own, messages: "Hi" }).collect();
    assert.equal(service().requests[0]!.body["model"], "own-model");
    service().script = (reply) => reply.sendJson(401, {});
    await assert.rejects(
      chatStream({ provider: own, messages: "Hi" }).collect(),
      (error: unknown) => error instanceof Failure && error.provider === "own",
    );
  });
});
