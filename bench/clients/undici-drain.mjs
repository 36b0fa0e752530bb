/** The lowest possible cost: undici's dispatch handler, which throws the bytes away. It parses nothing and returns no text. */
import { Agent } from "../packages.mjs";

/** Opens a client that streams from the bench server; its `onText` gets the bytes of each read. */
export async function open(baseUrl) {
  const agent = new Agent();
  const { origin, pathname } = new URL(`${baseUrl}/chat/completions`);
  const stream = (model, onText) =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "Go." }] });
      const headers = { "content-type": "application/json", authorization: "Bearer x" };
      agent.dispatch(
        { origin, path: pathname, method: "POST", headers, body },
        createDrainHandler(onText, resolve, reject),
      );
    });
  return { stream, bytesOnly: true };
}

function createDrainHandler(onText, resolve, reject) {
  return {
    onRequestStart() {},
    onResponseStart(_controller, statusCode) {
      if (statusCode !== 200) reject(new Error(`HTTP ${statusCode}`));
    },
    onResponseData(_controller, bytes) {
      onText(bytes);
    },
    onResponseEnd() {
      resolve("");
    },
    onResponseError(_controller, error) {
      reject(error);
    },
  };
}
