import type { NodeRed, RuntimeNode } from "../src/node-red/red/api.js";
import { guardNode } from "../src/node-red/red/guard.js";
import { SpeechController, type SpeechStreamConfig } from "../src/node-red/speech-stream/controller.js";

/** A text, spoken while it is written. */
export = function speechStream(red: NodeRed): void {
  function SpeechStream(this: RuntimeNode, config: SpeechStreamConfig): void {
    red.nodes.createNode(this, config);
    const controller = new SpeechController(red, this, config);
    guardNode(
      this,
      (message, send, done) => controller.input(message, send, done),
      () => controller.close(),
    );
  }
  red.nodes.registerType("speech-stream", SpeechStream);
};
