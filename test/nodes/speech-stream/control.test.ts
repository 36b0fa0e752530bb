import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  assertOneSequence,
  beginSound,
  createSpeechFlow,
  createTextStream,
  joinSound,
  speakInput,
} from "../../support/flows/speech.js";
import { waitForEnd } from "../../support/runtime/inbox.js";
import { type TestFlow, useHelper } from "../../support/runtime/use-helper.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

describe("Control messages of a speech-stream", () => {
  const load = useHelper();
  const service = useService();
  beforeEach(() => {
    service().script = speakInput;
  });

  const start = () => load(createSpeechFlow(service().url));
  const say = (flow: TestFlow, ...messages: Message[]) => {
    for (const message of messages) flow.inject("speech", message);
  };
  const spokenTexts = () => service().requests.map(({ body }) => body["input"]);

  /** Audio that never ends. */
  const endlessAudio: Script = (reply) => {
    beginSound(reply);
    reply.response.write("<...");
  };

  it("ends the audio at msg.cancel with one last message, and closes the connection", async () => {
    service().script = endlessAudio;
    const flow = await start();
    const [one, two] = createTextStream("a", "One.", "Two.");
    say(flow, one!, two!);
    await flow.getInbox("out").waitForCount(1);
    say(flow, { cancel: true, parts: { id: "a", index: 0 } });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.deepEqual([last.finishReason, last["error"]], ["cancelled", undefined]);
    assertOneSequence(flow.getInbox("out"));
    await service().requests[0]!.gone;
    await waitUntil(() => flow.getInbox("completed").size === 3);
    assert.equal(flow.getInbox("errors").size, 0);
    assert.deepEqual(spokenTexts(), ["One."]);
  });

  it("ends the audio if the stream of its text was cancelled", async () => {
    service().script = endlessAudio;
    const flow = await start();
    say(flow, createTextStream("a", "One.")[0]!);
    await flow.getInbox("out").waitForCount(1);
    say(flow, { ...createTextStream("a", "One.")[1]!, finishReason: "cancelled" });
    assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "cancelled");
    await service().requests[0]!.gone;
  });

  it("starts the audio again under the same id after msg.reset", async () => {
    service().queue.push(endlessAudio);
    const flow = await start();
    say(flow, createTextStream("a", "One.")[0]!);
    await flow.getInbox("out").waitForCount(1);
    say(flow, { reset: true, parts: { id: "a", index: 0 } });
    await service().requests[0]!.gone;
    say(flow, ...createTextStream("a", "Again."));
    await waitForEnd(flow.getInbox("out"));
    const { messages } = flow.getInbox("out");
    const at = messages.findIndex((message) => "reset" in message);
    assert.equal(at, 1);
    assert.deepEqual(
      messages.slice(at + 1).map(({ parts }) => parts!.index),
      [0, 1, 2],
    );
    assert.equal(joinSound(messages.slice(at + 1)), "<Again.>");
  });

  it("sends nothing after a redeploy, and leaves no connection", async () => {
    service().script = endlessAudio;
    const flow = await start();
    say(flow, ...createTextStream("a", "One.", "Two."));
    const { messages } = flow.getInbox("out");
    await flow.getInbox("out").waitForCount(1);
    await start();
    await service().requests[0]!.gone;
    await pause();
    assert.equal(messages.length, 1);
  });
});
