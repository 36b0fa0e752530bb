import type { Client, Transport } from "@modelcontextprotocol/client";
import type { Clock } from "../core/clock.js";
import { createAgent } from "../transport/agent.js";
import { createFetch } from "../transport/for-libraries/dispatched-fetch.js";
import { readHttpStatus } from "./describe-failure.js";
import { type ClientLibrary, loadClientLibrary } from "./load-client.js";
import type { HttpServer, ServerSettings, StdioServer } from "./server-settings.js";
import { type ProgramWatch, StdioTransport } from "./stdio-transport.js";

/** An open connection to a server. */
export interface OpenedClient {
  client: Client;
  /** Closes it: a server's program is over then. Does not throw. */
  close(): Promise<void>;
}

/** What happens on an open connection beside the answers. */
export interface ClientEvents {
  /** The server's list of tools is another one now. */
  onToolsChanged(): void;
  /** The connection is gone. */
  onLost(): void;
  /** The server says something for its log. */
  onLog(line: string): void;
}

/** What the server is told about its client. */
const CLIENT_INFO = { name: "node-red-chat-stream", version: "1" };

/** How long a server's program may take to say which protocol it speaks, before it is asked in the older one. */
const PROBE_MS = 3_000;

/** Pages of a list. */
const MAX_PAGES = 64;

/** How long a server may take to say goodbye. */
const GOODBYE_MS = 1_000;

/** HTTP statuses with which a server of the oldest protocol refuses a newer client. */
const OLD_SERVER: ReadonlySet<number | undefined> = new Set([400, 404, 405]);

/**
 * Connects to a server, in the newest protocol that it speaks.
 * @param signal gives up: a program that has been started is over then
 * @throws whatever the client library throws
 */
export async function openClient(
  server: ServerSettings,
  clock: Clock,
  events: ClientEvents,
  signal: AbortSignal,
): Promise<OpenedClient> {
  const library = loadClientLibrary();
  return server.transport === "http"
    ? openHttp(library, server, events, signal)
    : openProgram(library, server, clock, events, signal);
}

async function openHttp(
  library: ClientLibrary,
  server: ServerSettings & HttpServer,
  events: ClientEvents,
  signal: AbortSignal,
): Promise<OpenedClient> {
  const agent = createAgent({ connectTimeout: server.connectTimeout });
  const options = { requestInit: { headers: { ...server.headers } }, fetch: createFetch(agent) };
  const destroy = () => agent.destroy().catch(() => {});
  signal.addEventListener("abort", destroy);
  try {
    const transport = new library.StreamableHTTPClientTransport(server.url, options);
    const client = await connect(library, transport, "auto", server, events);
    const close = async () => {
      await Promise.race([transport.terminateSession().catch(() => {}), wait(GOODBYE_MS)]);
      await client.close().catch(() => {});
      await destroy();
    };
    return { client, close };
  } catch (thrown) {
    if (!OLD_SERVER.has(readHttpStatus(thrown))) {
      await destroy();
      throw thrown;
    }
    const client = await connectOld(library, server, options, events).catch(async () => {
      await destroy();
      throw thrown;
    });
    return { client, close: () => client.close().then(destroy, destroy) };
  }
}

/** Servers of 2024 have an address for events instead. */
function connectOld(
  library: ClientLibrary,
  server: ServerSettings & HttpServer,
  options: ConstructorParameters<ClientLibrary["SSEClientTransport"]>[1],
  events: ClientEvents,
): Promise<Client> {
  return connect(library, new library.SSEClientTransport(server.url, options), "legacy", server, events);
}

async function openProgram(
  library: ClientLibrary,
  server: ServerSettings & StdioServer,
  clock: Clock,
  events: ClientEvents,
  signal: AbortSignal,
): Promise<OpenedClient> {
  let lastReason = "";
  const watch: ProgramWatch = {
    onLog: events.onLog,
    onExit: (reason) => {
      lastReason = reason;
    },
  };
  const open = async (mode: "auto" | "legacy") => {
    lastReason = "";
    const transport = new StdioTransport(server, clock, watch);
    signal.addEventListener("abort", () => void transport.close());
    try {
      signal.throwIfAborted();
      return { transport, client: await connect(library, transport, mode, server, events) };
    } catch (thrown) {
      await transport.close();
      throw thrown;
    }
  };
  const { client, transport } = await open("auto").catch((thrown: unknown) => {
    // A server that ends at a question which it does not know may know the older protocol.
    if ((thrown as { code?: unknown })?.code !== "ERA_NEGOTIATION_FAILED") throw thrown;
    return open("legacy");
  });
  const onLost = client.onclose;
  client.onclose = () => {
    if (lastReason !== "") events.onLog(`(The program has ended: ${lastReason}.)`);
    onLost?.();
  };
  return {
    client,
    close: async () => {
      delete client.onclose;
      await client.close().catch(() => {});
      await transport.close();
    },
  };
}

async function connect(
  library: ClientLibrary,
  transport: Transport,
  mode: "auto" | "legacy",
  server: ServerSettings,
  events: ClientEvents,
): Promise<Client> {
  const client = new library.Client(CLIENT_INFO, {
    versionNegotiation: { mode, ...(server.transport === "stdio" ? { probe: { timeoutMs: PROBE_MS } } : {}) },
    listMaxPages: MAX_PAGES,
    listChanged: { tools: { autoRefresh: false, onChanged: () => events.onToolsChanged() } },
  });
  // Without a listener, stray lines of a server would be nowhere; they are in its log already.
  client.onerror = () => {};
  await client.connect(transport, { timeout: server.connectTimeout });
  client.onclose = () => events.onLost();
  return client;
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
