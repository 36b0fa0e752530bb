import type { ServerResponse } from "node:http";
import type { HttpRequest } from "../../red/api.js";

/**
 * Writes a request of Node.js in the form that web libraries read.
 * @param body its body, which has been read
 */
export function toWebRequest(request: HttpRequest, body: unknown, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  const url = new URL(
    request.originalUrl ?? request.url ?? "/",
    `http://${request.headers.host ?? "localhost"}`,
  );
  const method = request.method ?? "GET";
  // The body has been decoded, so its length may be another one.
  headers.delete("content-length");
  return new Request(url, {
    method,
    headers,
    signal,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Sends the response of a web library. A client that leaves ends it. */
export async function sendWebResponse(answer: Response, response: ServerResponse): Promise<void> {
  if (response.destroyed) {
    await answer.body?.cancel().catch(() => {});
    return;
  }
  response.statusCode = answer.status;
  answer.headers.forEach((value, name) => {
    response.setHeader(name, value);
  });
  const reader = answer.body?.getReader();
  if (!reader) {
    response.end();
    return;
  }
  response.setHeader("X-Accel-Buffering", "no");
  response.flushHeaders();
  response.on("close", () => void reader.cancel().catch(() => {}));
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    if (response.destroyed) return;
    if (!response.write(piece.value)) await new Promise<void>((resolve) => onceEither(response, resolve));
  }
  response.end();
}

function onceEither(response: ServerResponse, resolve: () => void): void {
  const done = () => {
    response.off("drain", done);
    response.off("close", done);
    resolve();
  };
  response.on("drain", done);
  response.on("close", done);
}
