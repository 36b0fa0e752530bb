import { join } from "node:path";
import type { FailureData } from "../../../src/core/failure.js";
import type { TestRuntime } from "../runtime/node-red-runtime.js";
import type { ScriptedService } from "../services/scripted-service.js";
import { createAskFlow } from "./nodes.js";

/** The cassette of the tests, below the user directory. */
const CASSETTE = "cassettes/answers.json";

/** A chat-stream whose provider records or replays. */
export function createCassetteFlow(runtime: () => TestRuntime, service: () => ScriptedService) {
  return {
    path: () => join(runtime().userDir, CASSETTE),
    /** @param record the setting of the provider, with more of its settings */
    deploy: (record: string, more: object = {}) =>
      runtime().deploy(createAskFlow(service().url, {}, { record, cassette: CASSETTE, ...more })),
    async ask(payload: string) {
      runtime().clearMessages();
      runtime().inject("ask", { payload });
      const [last] = await runtime().waitForEnds("out");
      return { finishReason: last!.finishReason, error: last!.error as FailureData };
    },
    /** The log's warnings of streams that were not recorded. */
    findWarnings: () =>
      runtime()
        .logs.map(({ msg }) => String(msg))
        .filter((text) => text.startsWith("A stream was not recorded")),
  };
}
