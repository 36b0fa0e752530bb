import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Client } from "./access.js";
import { isSameOrigin } from "./origins.js";

const COOKIE = "chat_visitor";
const MAX_AGE_S = 365 * 24 * 60 * 60;

/**
 * Tells browsers without a key apart, so that each reads only its own answers again. A browser that asks for the first
 * time gets a cookie; programs get none, and find their answers by ids that nobody can guess.
 */
export function identifyVisitor(request: IncomingMessage, response: ServerResponse, client: Client): Client {
  if (client.owner !== "") return client;
  const visitor = readVisitor(request) ?? (isBrowser(request) ? createVisitor(request, response) : undefined);
  return visitor === undefined ? client : { ...client, owner: `visitor ${visitor}` };
}

function readVisitor({ headers }: IncomingMessage): string | undefined {
  const pairs = (headers.cookie ?? "").split(";").map((pair) => pair.trim().split("="));
  const value = pairs.find(([name]) => name === COOKIE)?.[1];
  return value !== undefined && /^[\w-]{24,64}$/.test(value) ? value : undefined;
}

/** Whether a page of this Node-RED asks. Pages of other origins do not send the cookie. */
function isBrowser(request: IncomingMessage): boolean {
  const { origin } = request.headers;
  return origin === undefined
    ? request.headers["sec-fetch-site"] === "same-origin"
    : isSameOrigin(request, origin);
}

function createVisitor(request: IncomingMessage, response: ServerResponse): string {
  const visitor = randomBytes(24).toString("base64url");
  const secure = (request.socket as TLSSocket).encrypted === true ? "; Secure" : "";
  response.setHeader(
    "Set-Cookie",
    `${COOKIE}=${visitor}; Path=/; Max-Age=${MAX_AGE_S}; HttpOnly; SameSite=Strict${secure}`,
  );
  return visitor;
}
