import type { ServerResponse } from "node:http";
import type { HttpApp, HttpMiddleware, HttpRequest, NodeRed } from "../../red/api.js";

/** What stands behind a door. Paths are below that of the endpoint. */
export interface RequestHandler {
  /** Whether a request is for the endpoint. All others are left to the flow. */
  serves(request: HttpRequest, path: string): boolean;
  handle(request: HttpRequest, response: ServerResponse, path: string): void;
}

/** The doors of each Node-RED in this process. */
const doorsByApp = new WeakMap<HttpApp, Doors>();

/**
 * Gives an endpoint the requests below a path.
 * @param path below the HTTP root of flows
 * @returns takes the endpoint off the path; undefined if another endpoint stands there, or if flows have no HTTP
 */
export function openDoor(red: NodeRed, path: string, handler: RequestHandler): (() => void) | undefined {
  const { httpNode, settings } = red;
  if (!hasHttp(red) || !httpNode) return undefined;
  const doors = doorsByApp.get(httpNode) ?? new Doors(httpNode);
  doorsByApp.set(httpNode, doors);
  return doors.open(path, handler, [settings.httpNodeMiddleware].flat().filter(isMiddleware));
}

/** Whether flows have HTTP at all. */
export function hasHttp({ httpNode, settings }: NodeRed): boolean {
  return httpNode !== undefined && settings.httpNodeRoot !== false;
}

/** The endpoints in one Node-RED. */
class Doors {
  /** By the whole path in lower case. */
  private readonly handlers = new Map<string, RequestHandler>();
  private readonly root: HttpApp;

  /** @param app the application for the HTTP routes of flows */
  constructor(private readonly app: HttpApp) {
    this.root = app;
    while (this.root.parent) this.root = this.root.parent;
  }

  /** @param before what the settings of Node-RED put before the routes of flows */
  open(path: string, handler: RequestHandler, before: readonly HttpMiddleware[]): (() => void) | undefined {
    const whole = `${this.app.path()}/${path}`.replace(/\/{2,}/g, "/").toLowerCase();
    if (this.handlers.has(whole)) return undefined;
    if (this.handlers.size === 0) this.watch();
    this.handlers.set(whole, handler);
    const layer = createLayer(handler, before);
    this.app.use(path, layer);
    return () => {
      removeLayer(this.app, layer);
      if (this.handlers.delete(whole) && this.handlers.size === 0) removeLayer(this.root, this.lookAhead);
    };
  }

  /**
   * Sees each request first, and claims the body of those for an endpoint. Node-RED's own parsers would answer a body
   * that is too large or no JSON with HTML and a stack trace, before any node sees the request.
   */
  private readonly lookAhead: HttpMiddleware = (request, response, next) => {
    const pathname = readPathname(request.url);
    for (const [whole, handler] of this.handlers) {
      const path = whole === "/" ? pathname : pathname.slice(whole.length);
      if (!pathname.toLowerCase().startsWith(whole) || !/^(\/|$)/.test(path)) continue;
      if (!handler.serves(request, path)) continue;
      // Node-RED 4's editor allows every preflight, wherever it goes.
      if (request.method === "OPTIONS") {
        handler.handle(request, response, path);
        return;
      }
      request._body = true;
      request.skipRawBodyParser = true;
      break;
    }
    next();
  };

  private watch(): void {
    this.root.use("/", this.lookAhead);
    const stack = this.root._router?.stack ?? [];
    // Not always the last one: some frameworks add handlers in an order of their own.
    const at = stack.findIndex((layer) => layer.handle === this.lookAhead);
    if (at > 0) stack.unshift(...stack.splice(at, 1));
  }
}

function createLayer(handler: RequestHandler, before: readonly HttpMiddleware[]): HttpMiddleware {
  return (request, response, next) => {
    const path = readPathname(request.url);
    if (!handler.serves(request, path)) {
      next();
      return;
    }
    const step = (at: number) => (error?: unknown) => {
      const middleware = before[at];
      if (error !== undefined) next(error);
      else if (middleware) middleware(request, response, step(at + 1));
      else handler.handle(request, response, path);
    };
    step(0)();
  };
}

function removeLayer(app: HttpApp, handle: HttpMiddleware): void {
  const stack = app._router?.stack ?? [];
  for (let at = stack.length - 1; at >= 0; at--) if (stack[at]!.handle === handle) stack.splice(at, 1);
}

function isMiddleware(value: unknown): value is HttpMiddleware {
  return typeof value === "function";
}

function readPathname(url = ""): string {
  return url.split(/[?#]/, 1)[0]!;
}
