import assert from "node:assert/strict";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { OpenAiDecoder } from "../../../src/dialects/openai/decoder.js";
import { RecordingSink } from "../../support/inputs/replay.js";

describe("A record that names a choice twice", () => {
  for (const index of ["", '"index":0,']) {
    it(`means one choice (${index || "no index"}): its text is told once and kept once`, () => {
      const sink = new RecordingSink();
      const decoder = new OpenAiDecoder(sink, { depth: 64, indices: 128 });
      decoder.decode(
        `{"choices":[{${index}"delta":{}},{${index}"delta":{"content":"sto"}},{"delta":{"content":"p"}}]}`,
      );
      const [call] = sink.calls;
      assert.ok(call && "chunk" in call);
      assert.equal(call.text, "stop");
      const machine = new CompletionMachine();
      machine.addChunk(call.chunk, call.text);
      assert.equal(machine.text, "stop");
    });
  }
});
