import assert from "node:assert/strict";
import { Demo } from "../client.js";

describe("The demo server's speech", () => {
  let demo: Demo;
  before(async () => {
    demo = await Demo.start();
  });
  after(() => demo.close());

  async function speech(body: object) {
    const response = await demo.open("/audio/speech", "POST", JSON.stringify(body));
    return { ...response, bytes: Buffer.from(await response.body.arrayBuffer()) };
  }

  it("is a WAV file with the right sizes in its header", async () => {
    const { statusCode, headers, bytes } = await speech({ input: "Hello world." });
    assert.equal(statusCode, 200);
    assert.equal(headers["content-type"], "audio/wav");
    assert.equal(bytes.toString("latin1", 0, 4) + bytes.toString("latin1", 8, 12), "RIFFWAVE");
    assert.equal(bytes.readUInt32LE(4), bytes.length - 8);
    assert.equal(bytes.readUInt32LE(40), bytes.length - 44);
    // 10 letters, the gap after a word and the one after a sentence; 16,000 samples a second of two bytes each.
    assert.equal(bytes.length - 44, 32_000 * (10 * 0.06 + 0.05 + 0.25));
  });

  it("is only samples as PCM, and half as long at twice the speed", async () => {
    const usual = await speech({ input: "Hello world.", response_format: "pcm" });
    const fast = await speech({ input: "Hello world.", response_format: "pcm", speed: 2 });
    assert.equal(usual.headers["content-type"], "audio/pcm");
    assert.equal(fast.bytes.length, usual.bytes.length / 2);
    assert.ok(usual.bytes.some((byte) => byte !== 0));
  });

  it("is refused with the name of the wrong field", async () => {
    for (const [body, param] of [
      [{}, "input"],
      [{ input: " " }, "input"],
      [{ input: "x".repeat(4097) }, "input"],
      [{ input: "Hi", response_format: "mp3" }, "response_format"],
      [{ input: "Hi", speed: 9 }, "speed"],
      [{ input: "Hi", model: 3 }, "model"],
    ] as const) {
      const { statusCode, bytes } = await speech(body);
      assert.equal(statusCode, 400);
      assert.equal((JSON.parse(bytes.toString()) as { error: { param: string } }).error.param, param);
    }
    assert.equal((await speech({ input: "Hi", model: "tts-1" })).statusCode, 404);
  });

  it("fails as the model name requests", async () => {
    assert.equal((await speech({ input: "Hi", model: "demo:fault=503" })).statusCode, 503);
    const input = "one two three four";
    await assert.rejects(speech({ input, model: "demo:fault=drop&after=2" }));
  });
});
