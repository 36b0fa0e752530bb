import { type AddressInfo, createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Dispatcher } from "undici";
import { type AgentOptions, createAgent } from "../../../src/transport/agent.js";
import { waitUntil } from "../waiting.js";
import type { Certificate } from "./certificates.js";
import { Peer, type ReceivedRequest } from "./peer.js";

/**
 * What a server does with a request or, with `perConnection`, with a connection before anything was read.
 * @param index number of the request or connection, from 0
 */
export type Script = (peer: Peer, index: number) => unknown;

/** Options of a chaos server. */
export interface ChaosOptions {
  /** Use TLS with this certificate. */
  tls?: Certificate;
  /** Run the script once per connection; it reads requests itself. */
  perConnection?: boolean;
  /** Options of the client's agent; default: no proxy. */
  client?: Partial<AgentOptions>;
}

/**
 * A server on raw loopback sockets that runs a script for each request. The script can write any bytes with any timing
 * and close the connection in any way. The server counts connections, records requests and notices when clients leave.
 */
export class ChaosServer implements AsyncDisposable {
  /** How many connections were made. */
  connections = 0;
  /** All requests that were read, in order. */
  readonly requests: ReceivedRequest[] = [];
  /** The open connections. */
  readonly peers = new Set<Peer>();
  /** Errors that the script threw. */
  readonly errors: unknown[] = [];
  /** A connection pool for the test, closed with the server. */
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

  /** The base URL for a client. */
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
    return waitUntil(() => this.peers.size === 0, "the clients leave");
  }

  /** Closes connections, pool and server. @throws the first error that the script threw */
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
    const index = this.connections++;
    this.peers.add(peer);
    void peer.gone.then(() => this.peers.delete(peer));
    try {
      if (this.options.perConnection) await this.script(peer, index);
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

/** Starts a server that runs the script. Use it with `await using`. */
export function startChaosServer(script: Script, options: ChaosOptions = {}): Promise<ChaosServer> {
  return new ChaosServer(script, options).listen();
}
