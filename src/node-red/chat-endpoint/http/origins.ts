import type { IncomingMessage, ServerResponse } from "node:http";

/** Headers that a page of another origin may read. */
const EXPOSED_HEADERS = "x-request-id, retry-after";

/** How long a browser remembers that a page may ask, in seconds. */
const PREFLIGHT_MAX_AGE_S = "600";

/** Decides which web pages may ask. Programs send no `Origin`, and may always. */
export class Origins {
  private readonly allowed: ReadonlySet<string>;

  /** @param text origins separated by spaces, commas or lines; `*`: all */
  constructor(text: string) {
    this.allowed = new Set(
      text
        .split(/[\s,]+/)
        .filter((origin) => origin !== "")
        .map((origin) => (origin.endsWith("/") ? origin.slice(0, -1) : origin).toLowerCase()),
    );
  }

  /**
   * Writes the headers by which a browser decides. Node-RED 4 allows every origin on every response; this is undone.
   * @returns whether the page that asks may ask
   */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    response.removeHeader("Access-Control-Allow-Origin");
    const { origin } = request.headers;
    if (origin === undefined) return request.headers["sec-fetch-site"] !== "cross-site";
    response.setHeader("Vary", "Origin");
    const isListed = this.allowed.has("*") || this.allowed.has(origin.toLowerCase());
    if (!isListed) return isSameOrigin(request, origin);
    response.setHeader("Access-Control-Allow-Origin", origin);
    response.setHeader("Access-Control-Expose-Headers", EXPOSED_HEADERS);
    return true;
  }

  /** Writes the headers that answer a preflight. SDKs send headers of their own, so all that are asked for are allowed. */
  answerPreflight({ headers }: IncomingMessage, response: ServerResponse): void {
    if (!response.hasHeader("Access-Control-Allow-Origin")) return;
    response.setHeader("Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE, OPTIONS");
    const asked = headers["access-control-request-headers"];
    if (asked !== undefined) response.setHeader("Access-Control-Allow-Headers", asked);
    if (headers["access-control-request-private-network"] === "true")
      response.setHeader("Access-Control-Allow-Private-Network", "true");
    response.setHeader("Access-Control-Max-Age", PREFLIGHT_MAX_AGE_S);
  }
}

/** Whether a page was served by this Node-RED, perhaps through a proxy. No page can set these headers for itself. */
export function isSameOrigin({ headers }: IncomingMessage, origin: string): boolean {
  if (headers["sec-fetch-site"] === "same-origin") return true;
  if (!URL.canParse(origin)) return false;
  const { host } = new URL(origin);
  const forwarded = headers["x-forwarded-host"];
  return [headers.host, ...String(forwarded ?? "").split(",")].some(
    (name) => name?.trim().toLowerCase() === host,
  );
}
