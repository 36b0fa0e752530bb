/** The floor: undici's dispatch handler, and the bytes are thrown away. It parses nothing and gives no text. */
import { Agent } from "../packages.mjs";

/** A client, ready to stream from the bench server; `onText` gets the bytes of each read. */
export async function open(baseUrl) {
  const agent = new Agent();
  const { origin, pathname } = new URL(`${baseUrl}/chat/completions`);
  const stream = (model, onText) =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "Go." }] });
      const headers = { "content-type": "application/json", authorization: "Bearer x" };
      agent.dispatch(
        { origin, path: pathname, method: "POST", headers, body },
        drain(onText, resolve, reject),
      );
    });
  return { stream, bytesOnly: true };
}

function drain(onText, resolve, reject) {
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
