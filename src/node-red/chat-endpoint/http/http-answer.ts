import type { ServerResponse } from "node:http";
import type { HttpAnswer } from "../../../serving/form.js";

/** Sends a complete response. Does nothing if the client has left, or if the response has begun. */
export function sendHttpAnswer(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

/** Creates a response with a JSON body. */
export function createJsonAnswer(body: unknown, status = 200): HttpAnswer {
  return {
    status,
    headers: { "Content-Type": "application/json; charset=utf-8" },
    body: JSON.stringify(body),
  };
}
