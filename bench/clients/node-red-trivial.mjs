/** Inside Node-RED 5: a node that runs the plain loop and sends one small message per delta, wired to a sink. */
import { boot } from "../node-red.mjs";

/** A client, ready to stream from the bench server; `onText` gets what arrives in the sink. */
export async function open(baseUrl) {
  return boot([], { type: "bench-trivial", baseUrl });
}
