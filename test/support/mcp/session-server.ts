import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An MCP server at an address, with sessions that it can forget, and a token that it can ask for. */
export class SessionServer {
  /** The only token that may ask; undefined: anybody may. */
  token: string | undefined;
  /** What it does with a call instead of answering it. */
  onCall: ((response: ServerResponse) => void) | undefined;
  /** Whether it breaks every connection off. */
  isDown = false;
  /** The calls that it got, in all sessions. */
  calls = 0;
  sessionCount = 0;
  private readonly sessions = new Set<string>();

  private constructor(private readonly server: Server) {
    server.on("request", (request, response) => void this.handle(request, response));
  }

  static async start(): Promise<SessionServer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new SessionServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/mcp`;
  }

  /** Makes everything as it was at the start. */
  reset(): void {
    this.forget();
    this.token = undefined;
    this.onCall = undefined;
    this.isDown = false;
    this.calls = 0;
    this.sessionCount = 0;
  }

  /** Forgets all sessions, as a restart does. */
  forget(): void {
    this.sessions.clear();
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isDown) {
      request.destroy();
      return;
    }
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      // Some servers quote what they got.
      response.writeHead(401).end(`No: ${request.headers.authorization}`);
      return;
    }
    if (request.method !== "POST") {
      response.writeHead(request.method === "DELETE" ? 200 : 405).end();
      return;
    }
    const { id, method } = JSON.parse(Buffer.concat(pieces).toString()) as { id?: unknown; method: string };
    const session = request.headers["mcp-session-id"];
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (method === "initialize") {
      const created = randomUUID();
      this.sessions.add(created);
      this.sessionCount++;
      headers["mcp-session-id"] = created;
    } else if (typeof session === "string" && !this.sessions.has(session)) {
      const error = { code: -32001, message: "Session not found" };
      response.writeHead(404, headers).end(JSON.stringify({ jsonrpc: "2.0", id: null, error }));
      return;
    }
    if (id === undefined) {
      response.writeHead(202).end();
      return;
    }
    if (method === "tools/call") {
      this.calls++;
      if (this.onCall) {
        this.onCall(response);
        return;
      }
    }
    const result = RESULTS[method];
    const error = { code: -32601, message: "Method not found" };
    response
      .writeHead(200, headers)
      .end(JSON.stringify({ jsonrpc: "2.0", id, ...(result ? { result } : { error }) }));
  }
}

const RESULTS: Readonly<Record<string, object>> = {
  initialize: {
    protocolVersion: "2025-06-18",
    capabilities: { tools: {} },
    serverInfo: { name: "sessions", version: "1" },
  },
  "tools/list": { tools: [{ name: "work", description: "Works", inputSchema: { type: "object" } }] },
  "tools/call": { content: [{ type: "text", text: "done" }] },
};
