import { createAskFlow } from "../flows/nodes.js";
import { groupByStream } from "./inbox.js";
import { TestRuntime } from "./node-red-runtime.js";

/**
 * A process with Node-RED and running streams, which stops at SIGTERM: `runtime-child.ts <base URL> <streams> <form>`. It
 * prints `streaming` when all streams have begun.
 */
async function main(baseUrl: string, streams: number, api: string): Promise<void> {
  const runtime = await TestRuntime.start();
  await runtime.deploy(createAskFlow(baseUrl, {}, { api, maxConcurrent: streams }));
  for (let at = 0; at < streams; at++) runtime.inject("ask", { payload: `${at}` });
  await runtime.waitUntil("out", (messages) => groupByStream(messages).length === streams);
  process.once("SIGTERM", () => {
    // As the command `node-red` does it.
    void runtime.stop().then(() => process.exit());
  });
  process.stdout.write("streaming\n");
}

void main(process.argv[2]!, Number(process.argv[3]), process.argv[4]!);
