import { type AddressInfo, createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Dispatcher } from "undici";
import { type AgentOptions, createAgent } from "../../../src/transport/agent.js";
import { until } from "../waiting.js";
import type { Certificate } from "./certificates.js";
import { Peer, type ReceivedRequest } from "./peer.js";

/** What a server does with a request (or, with `perConnection`, with a connection before anything was read). */
export type Script = (peer: Peer, nth: number) => unknown;

/** How a server is set up. */
export interface ChaosOptions {
  /** Speak TLS, with this certificate. */
  tls?: Certificate;
  /** The script is played once for each connection and reads requests itself. */
  perConnection?: boolean;
  /** How the client connects. Default: without a proxy. */
  client?: Partial<AgentOptions>;
}

/**
 * A server on a raw socket of the loopback device that plays a script for each request: it can write any bytes
 * with any timing and hang up in any way. It counts connections, records requests, and sees clients leave.
 */
export class ChaosServer implements AsyncDisposable {
  /** Connections ever made. */
  connections = 0;
  /** Requests ever read, in order. */
  readonly requests: ReceivedRequest[] = [];
  readonly peers = new Set<Peer>();
  /** What the script threw. */
  readonly errors: unknown[] = [];
  /** A pool of connections of the test's own, gone with the server. */
  readonly agent: Dispatcher;
  private readonly server: Server;

  constructor(
    private readonly script: Script,
    private readonly options: ChaosOptions,
  ) {
    const onSocket = (socket: Socket) => void this.serve(new Peer(socket));
    const { tls } = options;
    this.server = tls
      ? createTlsServer({ key: tls.key, cert: tls.cert }, onSocket)
      : createPlainServer(onSocket);
    this.server.on("tlsClientError", () => {});
    this.agent = createAgent({ connectTimeout: 2_000, direct: true, ...options.client });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The base URL to give to a client. */
  get url(): string {
    return `${this.options.tls ? "https" : "http"}://127.0.0.1:${this.port}/v1`;
  }

  listen(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen({ port: 0, host: "127.0.0.1", backlog: 2_000 }, () => resolve(this));
    });
  }

  /** Waits until no client is connected. */
  waitUntilEmpty(): Promise<void> {
    return until(() => this.peers.size === 0, "the clients leave");
  }

  /** Ends everything. Throws what the script threw. */
  async close(): Promise<void> {
    await this.agent.destroy();
    for (const peer of this.peers) peer.socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    if (this.errors.length > 0) throw this.errors[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async serve(peer: Peer): Promise<void> {
    const nth = this.connections++;
    this.peers.add(peer);
    void peer.gone.then(() => this.peers.delete(peer));
    try {
      if (this.options.perConnection) await this.script(peer, nth);
      else {
        for (let request = await peer.readRequest(); request; request = await peer.readRequest()) {
          this.requests.push(request);
          await this.script(peer, this.requests.length - 1);
        }
        peer.close();
      }
    } catch (thrown) {
      this.errors.push(thrown);
      peer.socket.destroy();
    }
  }
}

/** Starts a server that plays the script; use it with `await using`. */
export function startChaosServer(script: Script, options: ChaosOptions = {}): Promise<ChaosServer> {
  return new ChaosServer(script, options).listen();
}
