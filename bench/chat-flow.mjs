/** Inside Node-RED 5: our `chat-provider` and `chat-stream`, wired to a sink by way of other nodes, or of none. */
import { existsSync } from "node:fs";
import { boot } from "./node-red.mjs";
import { built, Unavailable } from "./packages.mjs";

/** A client, ready to stream from the bench server; `onText` gets what arrives in the sink. */
export async function openChat(baseUrl, behind = []) {
  for (const stem of ["chat-provider", "chat-stream"]) {
    for (const path of [`nodes/${stem}.js`, `nodes/${stem}.html`]) {
      if (!existsSync(built(path)))
        throw new Unavailable(`the package is not built: dist/${path} is missing`);
    }
  }
  const provider = {
    id: "provider",
    type: "chat-provider",
    provider: "custom",
    baseUrl,
    maxConcurrent: 2000,
    maxQueued: 10000,
    credentials: { apiKey: "x" },
  };
  const node = {
    type: "chat-stream",
    provider: "provider",
    model: "bench",
    prompt: "payload",
    promptType: "msg",
  };
  return boot([provider], node, behind);
}
