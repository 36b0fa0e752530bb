/** Inside Node-RED 5: `chat-provider` and `chat-stream` of this package, wired to a sink directly or through other nodes. */
import { existsSync } from "node:fs";
import { startNodeRed } from "./node-red.mjs";
import { resolveBuilt, UnavailableError } from "./packages.mjs";

/**
 * Opens a client that streams from the bench server; its `onText` gets the texts that arrive in the sink.
 * @param nodesBehind the nodes between `chat-stream` and the sink; see `startNodeRed`
 * @param more properties for the `provider` and the chat-stream (`node`); the others are those of `startNodeRed`
 * @throws UnavailableError if the package is not built
 */
export async function openChat(
  baseUrl,
  nodesBehind = [],
  { provider: providerMore, node: nodeMore, ...options } = {},
) {
  for (const stem of ["chat-provider", "chat-stream"]) {
    for (const path of [`nodes/${stem}.js`, `nodes/${stem}.html`]) {
      if (!existsSync(resolveBuilt(path)))
        throw new UnavailableError(`dist/${path} is missing; build the package first: npm run build`);
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
    ...providerMore,
  };
  const node = {
    type: "chat-stream",
    provider: "provider",
    model: "bench",
    prompt: "payload",
    promptType: "msg",
    ...nodeMore,
  };
  return startNodeRed([provider], node, nodesBehind, options);
}
