/** Inside Node-RED 5: a node that runs the plain loop and sends one small message per delta, wired to a sink. */
import { startNodeRed } from "../node-red.mjs";

/** Opens a client that streams from the bench server; its `onText` gets the texts that arrive in the sink. */
export async function open(baseUrl) {
  return startNodeRed([], { type: "bench-trivial", baseUrl });
}
