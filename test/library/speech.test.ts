import assert from "node:assert/strict";
import { type ChatOptions, chatStream, Failure, type SpeechOptions, speech } from "../../src/index.js";
import { createChunk } from "../support/services/scripted-service.js";
import { useService } from "../support/services/use-service.js";
import { pause } from "../support/waiting.js";

const isFailure =
  (code: string, message = /./) =>
  (error: unknown) =>
    error instanceof Failure && error.code === code && message.test(error.message);

describe("Speech in the library", () => {
  const service = useService();
  const options = (more: object = {}): SpeechOptions => ({
    provider: "custom",
    baseUrl: service().url,
    text: "Good morning.",
    ...more,
  });

  /** Answers with pieces of sound, the second one only after a while. */
  function sendSound(...pieces: string[]) {
    service().script = async ({ response }) => {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      for (const piece of pieces) {
        response.write(Buffer.from(piece));
        await pause(20);
      }
      response.end();
    };
  }

  it("comes as buffers while it arrives, with its media type", async () => {
    sendSound("one", "two");
    const sound = speech(
      options({ model: "tts", voice: "ann", format: "mp3", speed: 2, parameters: { x: 1 } }),
    );
    assert.equal(sound.contentType, null);
    const buffers: string[] = [];
    for await (const buffer of sound) buffers.push(buffer.toString());
    assert.deepEqual(buffers, ["one", "two"]);
    assert.equal(sound.contentType, "audio/mpeg");
    assert.deepEqual(service().requests[0]!.body, {
      ...{ model: "tts", voice: "ann", response_format: "mp3", speed: 2, x: 1, input: "Good morning." },
    });
  });

  it("comes as a whole from the demo, without an address", async () => {
    const whole = await speech({ provider: "demo", text: "Hi.", format: "wav" }).collect();
    assert.equal(whole.subarray(0, 4).toString(), "RIFF");
  });

  it("can be read once", async () => {
    sendSound("one");
    const sound = speech(options());
    await sound.collect();
    await assert.rejects(sound.collect(), isFailure("configuration", /already read/));
  });

  it("is not asked for if an option is wrong", async () => {
    const wrong = { " ": { text: " " }, speeed: { speeed: 1 }, number: { text: 5 } };
    for (const more of Object.values(wrong))
      await assert.rejects(
        speech(options(more)).collect(),
        isFailure(more === wrong.speeed ? "configuration" : "invalid_request"),
      );
    await assert.rejects(
      speech(options({ provider: "anthropic", apiKey: "k" })).collect(),
      isFailure("configuration"),
    );
    assert.equal(service().requests.length, 0);
  });

  it("fails as the service does, in the library's words and without the key", async () => {
    service().script = (reply) => reply.sendJson(401, { error: { message: "Wrong key sk-canary-123456" } });
    await assert.rejects(speech(options({ apiKey: "sk-canary-123456" })).collect(), (error: unknown) => {
      assert.ok(error instanceof Failure);
      assert.deepEqual([error.code, error.provider], ["authentication", "custom"]);
      assert.match(error.message, /Check the option “apiKey”/);
      assert.doesNotMatch(error.message, /canary/);
      return true;
    });
  });

  it("is cancelled by its signal, before and while it is read", async () => {
    service().script = ({ response }) => {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      response.write("one");
    };
    await assert.rejects(speech(options({ signal: AbortSignal.abort() })).collect(), isFailure("cancelled"));
    assert.equal(service().requests.length, 0);
    const controller = new AbortController();
    await assert.rejects(async () => {
      for await (const _buffer of speech(options({ signal: controller.signal }))) controller.abort();
    }, isFailure("cancelled"));
    await service().requests[0]!.gone;
  });

  it("closes its connection if the reader leaves", async () => {
    service().script = ({ response }) => {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      response.write("one");
    };
    for await (const _buffer of speech(options())) break;
    await service().requests[0]!.gone;
  });

  it("is part of an answer that a model speaks", async () => {
    service().script = (reply) => {
      reply.send(createChunk({ audio: { id: "a1", transcript: "Good " } }));
      reply.send(
        createChunk({ audio: { data: Buffer.from("one").toString("base64"), transcript: "morning." } }),
      );
      reply.finish("stop");
    };
    const parameters = { modalities: ["text", "audio"], audio: { voice: "alloy", format: "pcm16" } };
    const chat: ChatOptions = { ...options(), model: "m", messages: "Hi", parameters };
    const { text: _, ...asked } = chat as ChatOptions & { text?: string };
    const { choices } = await chatStream(asked).collect();
    assert.deepEqual(choices[0]!.message.audio?.["transcript"], "Good morning.");
    assert.deepEqual(service().requests[0]!.body["audio"], parameters.audio);
  });
});
