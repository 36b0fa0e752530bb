import { once } from "node:events";
import { WebSocket } from "undici";
import { Inbox } from "./inbox.js";

/** Deploys all flows and waits until they run. */
export function deployFlows(url: string, flows: unknown): Promise<void> {
  return deployAndWait(url, async () => {
    const response = await fetch(`${url}/flows`, {
      method: "POST",
      headers: { "content-type": "application/json", "Node-RED-Deployment-Type": "full" },
      body: JSON.stringify(flows),
    });
    if (!response.ok) throw new Error(`The deploy failed: ${response.status} ${await response.text()}`);
  });
}

/**
 * Deploys flows and waits until they run. Node-RED answers a deploy before it starts the flows. Until then a websocket of a
 * flow is not open, and a client that connects to it waits for ever.
 */
export function deployAndWait(url: string, deploy: () => Promise<void>): Promise<void> {
  return waitForNotice(url, "notification/runtime-deploy", deploy);
}

/** Waits until the flows run that Node-RED loads at its start, or until it has said why they do not. */
export function waitForStart(url: string): Promise<void> {
  const topic = "notification/runtime-state";
  return waitForNotice(url, topic, (socket) => {
    // Node-RED keeps this notice for clients that ask for it later.
    socket.send(JSON.stringify({ subscribe: topic }));
  });
}

/** Waits for a notice that Node-RED gives its editors, during an action or after it. */
async function waitForNotice(
  url: string,
  topic: string,
  act: (socket: WebSocket) => void | Promise<void>,
): Promise<void> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/comms`);
  const topics = new Inbox<string>();
  socket.addEventListener("message", ({ data }) => {
    for (const notice of [JSON.parse(data)].flat()) topics.push(notice.topic);
  });
  await once(socket, "open");
  try {
    await act(socket);
    await topics.waitUntil((all) => all.includes(topic), topic);
  } finally {
    socket.close();
  }
}
