import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

/** Settings of the chat-stream, and the error. */
const FAILING: Readonly<Record<string, readonly [settings: Record<string, unknown>, error: RegExp]>> = {
  "a prompt that JSONata cannot convert": [
    { prompt: "$number(payload)", promptType: "jsonata" },
    /^The prompt cannot be evaluated \(jsonata “\$number\(payload\)”\): Unable to cast value to a number: "abc" \(position 8\)\./,
  ],
  "a prompt that is no JSONata": [
    { prompt: "$$$(", promptType: "jsonata" },
    /^The prompt .*\(position \d+\)\./,
  ],
  "a system prompt that calls what does not exist": [
    { system: "$foo(payload)", systemType: "jsonata" },
    /^The system prompt .*Attempted to invoke a non-function \(position 5\)\./,
  ],
  "a system prompt whose expression throws": [
    { system: '$error("no user")', systemType: "jsonata" },
    /^The system prompt .*: no user \(position 7\)\./,
  ],
  "a conversation key that is no JSONata": [
    { conversation: "flow", conversationKey: "topic &", conversationKeyType: "jsonata" },
    /^The conversation key of the message .*Unexpected end of expression \(position 7\)\./,
  ],
  "a prompt of a type that does not exist": [
    { prompt: "payload", promptType: "message" },
    /^The type of the prompt is none of msg, flow, global, /,
  ],
  "a system prompt of a type that is no text": [
    { system: "rules", systemType: true },
    /^The type of the system prompt is none of /,
  ],
};

describe("A typed input of a chat-stream", () => {
  const service = useService();
  const runtime = useRuntime();

  async function ask(settings: Record<string, unknown>): Promise<Message> {
    await runtime().deploy(createAskFlow(service().url, settings));
    runtime().inject("ask", { payload: "abc" });
    return (await runtime().waitForEnds("out"))[0]!;
  }

  for (const [what, [settings, pattern]] of Object.entries(FAILING)) {
    it(`fails with configuration, and what is wrong with it: ${what}`, async () => {
      const { code, message } = (await ask(settings)).error as { code: string; message: string };
      assert.equal(code, "configuration");
      assert.match(message, pattern);
      assert.doesNotMatch(message, /\[object|undefined/);
      assert.equal(service().requests.length, 0);
    });
  }
});
