import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { createAskFlow } from "../../support/flows/nodes.js";
import { assertFreeLoop } from "../../support/loop-delay.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { waitUntil } from "../../support/waiting.js";

const PER_SECOND = 50_000;
const SECONDS = 1;

describe("Flood of chunks", () => {
  const runtime = useRuntime();
  let worker: Worker;
  let url: string;
  before(async () => {
    worker = new Worker(join(__dirname, "../../support/services/flood-service.mjs"), {
      workerData: { perSecond: PER_SECOND, seconds: SECONDS },
      execArgv: [],
    });
    const [port] = (await once(worker, "message")) as [number];
    url = `http://127.0.0.1:${port}/v1`;
  });
  after(() => worker.terminate());

  it("S11: is read exactly at 50,000 chunks a second with mergeReads, and leaves the event loop free", async () => {
    await runtime().deploy(createAskFlow(url, { mergeReads: true }));
    let characters = 0;
    let messages = 0;
    let ended = false;
    runtime().reactions.set("out", (message) => {
      characters += (message.payload as string).length;
      messages++;
      ended ||= message.complete === true;
    });
    await assertFreeLoop(() => {
      runtime().inject("ask", { payload: "Hi" });
      return waitUntil(() => ended, "the stream has ended");
    });
    assert.equal(characters, PER_SECOND * SECONDS);
    assert.ok(messages < (PER_SECOND * SECONDS) / 20, `${messages} messages`);
  });
});
