import assert from "node:assert/strict";
import { chatStream } from "../../../src/index.js";
import { DONE, formatDelta } from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import { buildChatOptions, matchFailure } from "../../support/worlds/started-stream.js";

describe("Finish reason that means a fault", () => {
  for (const reason of ["error", "insufficient_system_resource"]) {
    it(`P16: fails the stream with a retryable error: ${reason}`, async () => {
      const finish = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"${reason}"}]}\n\n`;
      await using server = await startChaosServer((peer) =>
        peer.respond(200, { "content-type": "text/event-stream" }, formatDelta("half") + finish + DONE),
      );
      await assert.rejects(
        chatStream(buildChatOptions(server)).collect(),
        (thrown: { retryable?: boolean; partial?: string }) => {
          matchFailure("server_error")(thrown as Error);
          assert.deepEqual([thrown.retryable, thrown.partial], [true, "half"]);
          return true;
        },
      );
    });
  }
});
