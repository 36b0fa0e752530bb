import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { DemoError } from "../errors.js";
import { parseDemoJson } from "../json.js";

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** How long a client that is still sending may take to read a refusal. */
const REFUSAL_GRACE_MS = 500;

export const JSON_CONTENT_TYPE = "application/json; charset=utf-8";

/** @throws DemoError 413 if the body is too large, 400 if it is not JSON */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const body = parseDemoJson((await readBody(request)).toString("utf8"));
  if (body === undefined) throw new DemoError(400, "The JSON body of the request could not be parsed.");
  return body;
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on("data", (part: Buffer) => {
      size += part.length;
      if (size <= MAX_BODY_BYTES) {
        parts.push(part);
        return;
      }
      // The rest is read and dropped: if it stayed unread, the connection would be reset before the client
      // sees the refusal.
      parts.length = 0;
      const headers = { connection: "close" };
      reject(new DemoError(413, `The request body is larger than ${MAX_BODY_BYTES} bytes.`, { headers }));
    });
    request.once("end", () => resolve(Buffer.concat(parts)));
    request.once("error", reject);
  });
}

/** @throws DemoError 401 unless the request carries the key */
export function checkKey(request: IncomingMessage, key: string): void {
  const sent = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
  if (sent !== undefined && timingSafeEqual(hashKey(sent), hashKey(key))) return;
  const message =
    sent === undefined
      ? "You didn't provide an API key. Provide it in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
      : "Incorrect API key provided. The demo server makes a new key each time it starts.";
  throw new DemoError(401, message, { code: "invalid_api_key" });
}

/** Hashes have the same length, so keys of any length can be compared in constant time. */
function hashKey(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  sendText(response, status, JSON_CONTENT_TYPE, JSON.stringify(body));
}

export function sendText(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** Writes a part of an answer and waits until it has left, or the client has. */
export function writePart(response: ServerResponse, part: string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    response.once("close", resolve);
    response.write(part, () => {
      response.off("close", resolve);
      resolve();
    });
  });
}

/** Answers with the error, or breaks the connection if an answer has already begun. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const refusal =
    error instanceof DemoError
      ? error
      : new DemoError(500, "The demo server failed.", { type: "server_error" });
  for (const [name, value] of Object.entries(refusal.details.headers ?? {})) response.setHeader(name, value);
  sendJson(response, refusal.status, refusal.buildBody());
  if (request.complete) return;
  const timer = setTimeout(() => request.destroy(), REFUSAL_GRACE_MS).unref();
  request.once("close", () => clearTimeout(timer));
}
