/** Inside Node-RED 5: `chat-stream`, wired to a sink, in a runtime whose live view can be watched. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openChat } from "../chat-flow.mjs";

/** Opens a client as that of `chat-stream`. Its `watch` opens the live view, and resolves to what closes it. */
export async function open(baseUrl) {
  const client = await openChat(baseUrl, [], { hasAdmin: true });
  const watcher = fork(fileURLToPath(new URL("../watcher.mjs", import.meta.url)), [
    `${client.adminUrl}/chat-streams`,
  ]);
  const order = async (word) => {
    watcher.send(word);
    const [{ running }] = await once(watcher, "message");
    return running;
  };
  const watch = async () => {
    if ((await order("watch")) === 0) throw new Error("the live view shows no stream");
    return () => order("rest");
  };
  return { ...client, watch };
}
