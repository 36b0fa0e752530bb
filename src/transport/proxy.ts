import { Dispatcher, Pool } from "undici";
import type { Failure } from "../core/failure.js";

/**
 * A proxy could not be reached, or did not open the way to the service; `cause` says why. It has no `code` on purpose, see
 * `ConnectError`.
 */
export class ProxyError extends Error {
  override readonly name = "ProxyError";

  /** @param proxy host of the proxy, with its port */
  constructor(
    readonly proxy: string,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** The connections to a proxy. Their errors become a `ProxyError`, to tell them from errors of the service. */
export class ProxyPool extends Pool {
  constructor(
    private readonly url: URL,
    options: Pool.Options,
  ) {
    super(url, options);
  }

  // Undici asks for a tunnel by this method, and takes no callback.
  override async connect(
    options: Omit<Dispatcher.ConnectOptions, "origin">,
  ): Promise<Dispatcher.ConnectData> {
    let tunnel: Dispatcher.ConnectData;
    try {
      tunnel = await super.connect(options);
    } catch (thrown) {
      throw new ProxyError(this.url.host, thrown);
    }
    const { socket, statusCode } = tunnel;
    if (statusCode === 200) return tunnel;
    socket.on("error", () => {}).destroy();
    throw new ProxyError(this.url.host, new Error(`Proxy response (${statusCode})`));
  }
}

/** How requests with one URL scheme reach their services: through a proxy. */
export interface ProxyRoute {
  dispatcher: Dispatcher;
  /** Host of the proxy, with its port. */
  proxy: string;
}

/** The routes of requests. If a route is a failure, only the requests that need it fail. */
export interface Routes {
  direct: Dispatcher;
  /** Default: direct. */
  http: ProxyRoute | Failure | undefined;
  https: ProxyRoute | Failure | undefined;
  isDirect(url: URL): boolean;
}

/** Sends each request through the proxy of its scheme, or directly. */
export class ProxyRouter extends Dispatcher {
  constructor(private readonly routes: Routes) {
    super();
  }

  /** @throws Failure `configuration` if the request needs a proxy whose address is not valid */
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const route = this.findRoute(new URL(String(options.origin)));
    if (route instanceof Error) throw route;
    return (route?.dispatcher ?? this.routes.direct).dispatch(options, handler);
  }

  /** @returns the host of the proxy that requests to this URL use, with its port; undefined if they use none */
  findProxy(url: URL): string | undefined {
    const route = this.findRoute(url);
    return route instanceof Error ? undefined : route?.proxy;
  }

  // Undici's own signatures allow a callback, which this package does not use.
  override async close(): Promise<void> {
    await Promise.all(this.listDispatchers().map((dispatcher) => dispatcher.close()));
  }

  override async destroy(): Promise<void> {
    await Promise.all(this.listDispatchers().map((dispatcher) => dispatcher.destroy()));
  }

  private findRoute(url: URL): ProxyRoute | Failure | undefined {
    const { routes } = this;
    if (routes.isDirect(url)) return undefined;
    return url.protocol === "https:" ? routes.https : routes.http;
  }

  private listDispatchers(): Dispatcher[] {
    const { direct, http, https } = this.routes;
    const proxies = [http, https].flatMap((route) =>
      route && "dispatcher" in route ? [route.dispatcher] : [],
    );
    return [...new Set([direct, ...proxies])];
  }
}
