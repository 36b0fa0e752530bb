/** What a request to an endpoint asks for. */
export type Route =
  | { action: "ask"; form: "chat" }
  | { action: "models" }
  | { action: "model"; name: string }
  /** A path of a form that does not exist. */
  | { action: "unknown" }
  | { action: "wrongMethod"; allowed: string };

/** First segments of the paths that belong to an endpoint. Other paths below its own are left to the flow. */
const OWN_SEGMENTS: ReadonlySet<string> = new Set(["v1", "chat", "models"]);

/** Whether a path below the endpoint's own belongs to one of its forms. @param path begins with `/`, or is `""` */
export function isServedPath(path: string): boolean {
  return OWN_SEGMENTS.has(splitPath(path)[0]?.toLowerCase() ?? "");
}

/**
 * Finds what a request asks for. Clients write the base address with and without `/v1`, and with slashes too many.
 * @param path below the endpoint's own path, without the query
 */
export function findRoute(method: string, path: string): Route {
  const segments = splitPath(path);
  while (segments[0]?.toLowerCase() === "v1") segments.shift();
  const [first = "", ...rest] = segments;
  const name = [first, ...rest].join("/").toLowerCase();
  if (name === "chat/completions") return forMethod(method, "POST", { action: "ask", form: "chat" });
  if (name === "models") return forMethod(method, "GET", { action: "models" });
  if (first.toLowerCase() === "models")
    return forMethod(method, "GET", { action: "model", name: rest.map(decodeSegment).join("/") });
  return { action: "unknown" };
}

function forMethod(method: string, allowed: "GET" | "POST", route: Route): Route {
  const isAllowed = method === allowed || (allowed === "GET" && method === "HEAD");
  return isAllowed ? route : { action: "wrongMethod", allowed: allowed === "GET" ? "GET, HEAD" : allowed };
}

function splitPath(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
