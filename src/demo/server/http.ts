import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError } from "../errors.js";

/** Bytes of a request body at most. */
export const MOST_BYTES = 16 * 1024 * 1024;

export const JSON_TYPE = "application/json; charset=utf-8";

/** Milliseconds that a client gets to read a refusal while it is still sending. */
const PARTING = 500;

/**
 * Reads a body as JSON.
 *
 * @throws ApiError 413 beyond {@link MOST_BYTES}, 400 where it is no JSON.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request);
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    throw new ApiError(
      400,
      "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The demo server expects a JSON payload, but what was sent was not valid JSON.)",
    );
  }
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const tooLarge = (): void => {
      request.off("data", take);
      // What is still coming has to be read, or the kernel resets the connection before the refusal is seen.
      request.resume();
      reject(
        new ApiError(413, `The request body is larger than ${MOST_BYTES} bytes.`, {
          headers: { connection: "close" },
        }),
      );
    };
    const take = (part: Buffer): void => {
      size += part.length;
      if (size > MOST_BYTES) tooLarge();
      else parts.push(part);
    };
    if (Number(request.headers["content-length"] ?? 0) > MOST_BYTES) {
      tooLarge();
      return;
    }
    request.on("data", take);
    request.once("end", () => resolve(Buffer.concat(parts)));
    request.once("error", reject);
  });
}

/** @throws ApiError 401 unless the request carries the key. */
export function authorise(request: IncomingMessage, key: string): void {
  const given = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
  if (given !== undefined && timingSafeEqual(digest(given), digest(key))) return;
  const message =
    given === undefined
      ? "You didn't provide an API key. Provide it in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
      : "Incorrect API key provided. The demo server makes a new key each time it starts.";
  throw new ApiError(401, message, { code: "invalid_api_key" });
}

/** Makes keys comparable in constant time whatever their length. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, JSON_TYPE, JSON.stringify(body));
}

export function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** Answers with the error, or breaks the connection where an answer has already begun. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const known =
    error instanceof ApiError
      ? error
      : new ApiError(500, "The demo server failed.", { type: "server_error" });
  for (const [name, value] of Object.entries(known.details.headers ?? {})) response.setHeader(name, value);
  sendJson(response, known.status, known.body());
  if (request.complete) return;
  const timer = setTimeout(() => request.destroy(), PARTING).unref();
  request.once("close", () => clearTimeout(timer));
}
