import type { NodeRed } from "../red/api.js";
import { liveStreams } from "./live-streams.js";

/**
 * Adds the HTTP routes of the live view. Each request gets what has changed since the last one, so the runtime needs no
 * timer and no list of viewers, checks the permission each time, and sends nothing to a page that has gone or cannot keep up.
 */
export function addLiveViewRoutes(red: NodeRed): void {
  const { httpAdmin } = red;
  if (!httpAdmin) return;

  httpAdmin.get("/chat-streams", red.auth.needsPermission("chat-stream.read"), ({ query }, response) => {
    response.set("cache-control", "no-store").json(liveStreams.takeSnapshot(query?.["cursor"]));
  });

  httpAdmin.post(
    "/chat-streams/:id/stop",
    red.auth.needsPermission("chat-stream.write"),
    ({ params }, response) => {
      const isStopped = liveStreams.stop(Number(params["id"]));
      response.status(isStopped ? 200 : 404).json({ stopped: isStopped });
    },
  );
}
