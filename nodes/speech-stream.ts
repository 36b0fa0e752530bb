import type { NodeRed } from "../src/node-red/red/api.js";
import { registerNode } from "../src/node-red/red/register.js";
import { SpeechController } from "../src/node-red/speech-stream/controller.js";

/** Asks a service to speak a text while it is written. */
export = function speechStream(red: NodeRed): void {
  registerNode(red, "speech-stream", SpeechController, ["readCounters", "listRuns"]);
};
