import { randomUUID } from "node:crypto";
import type {
  McpHttpHandler,
  Server,
  ServerContext,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { Clock } from "../../core/clock.js";
import { toFailure } from "../../core/failure.js";
import { Sessions } from "../../core/lifecycle/sessions.js";
import { readArguments } from "../../core/tools/arguments.js";
import { createFailedResult, type ToolResult } from "../../core/tools/result.js";
import { loadServerLibrary, type ServerLibrary } from "./load-server.js";
import type { SharedTool, ToolSource } from "./tool-source.js";

/** A client of an older protocol, which has a session. */
interface OldSession {
  server: Server;
  transport: WebStandardStreamableHTTPServerTransport;
  /** Whose session it is; nobody else may use it. */
  owner: string;
}

/** What is asked, and by whom. */
export interface McpRequest {
  request: Request;
  /** Tells clients apart. */
  owner: string;
  /** The name beside the key. */
  client: string;
}

/** Sessions of clients of older protocols. */
const MAX_SESSIONS = 1_000;

/** A session that is not used for this time is forgotten. Its client opens another one. */
const MAX_SESSION_AGE_MS = 30 * 60_000;

/** The version that clients see. No client depends on it. */
const SERVER_INFO = { name: "node-red-chat-stream", version: "1" };

/** Serves tools to MCP clients, of the current protocol and of the older ones. */
export class ToolServer {
  private readonly sources = new Set<ToolSource>();
  private readonly sessions: Sessions<OldSession>;
  private library: ServerLibrary | undefined;

  /** Of each client by its name, since a call has to say who makes it. */
  private readonly handlers = new Map<string, McpHttpHandler>();

  constructor(clock: Clock) {
    this.sessions = new Sessions({
      maxOpen: MAX_SESSIONS,
      expiryMs: MAX_SESSION_AGE_MS,
      clock,
      onEnd: ({ server }) => void server.close().catch(() => {}),
    });
  }

  /** Whether anything is offered. */
  get isOpen(): boolean {
    return this.sources.size > 0;
  }

  /** Offers tools. @returns the names of those that another source has already; that one goes on to answer them */
  offer(source: ToolSource): string[] {
    const known = new Set(this.listTools().map(({ name }) => name));
    this.sources.add(source);
    this.tellChange();
    return source.tools.map(({ name }) => name).filter((name) => known.has(name));
  }

  withdraw(source: ToolSource): void {
    if (this.sources.delete(source)) this.tellChange();
  }

  /** Ends all sessions and calls. */
  close(): void {
    this.sources.clear();
    this.sessions.endAll("closed");
    for (const handler of this.handlers.values()) void handler.close().catch(() => {});
    this.handlers.clear();
  }

  /** @throws Failure `configuration` if the library is not installed */
  async handle({ request, owner, client }: McpRequest): Promise<Response> {
    this.library ??= loadServerLibrary();
    const id = request.headers.get("mcp-session-id");
    if (id !== null) return this.handleSession(id, request, owner);
    if (await this.library.isLegacyRequest(request.clone())) return this.openSession(request, owner, client);
    return this.findHandler(client).fetch(request);
  }

  private handleSession(id: string, request: Request, owner: string): Promise<Response> | Response {
    const session = this.sessions.get(id);
    if (session?.owner === owner) return session.transport.handleRequest(request);
    const error = { code: -32001, message: "Session not found" };
    return Response.json({ jsonrpc: "2.0", id: null, error }, { status: 404 });
  }

  private async openSession(request: Request, owner: string, client: string): Promise<Response> {
    const server = this.createServer(client);
    let isOpen = false;
    const transport: WebStandardStreamableHTTPServerTransport = new this
      .library!.WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => {
        isOpen = true;
        this.sessions.open(id, { server, transport, owner });
      },
      onsessionclosed: (id) => this.sessions.end(id, "finished"),
    });
    await server.connect(transport);
    const answer = await transport.handleRequest(request);
    if (!isOpen) await server.close();
    return answer;
  }

  private findHandler(client: string): McpHttpHandler {
    const known = this.handlers.get(client);
    if (known) return known;
    const handler = this.library!.createMcpHandler(() => this.createServer(client), { legacy: "reject" });
    this.handlers.set(client, handler);
    return handler;
  }

  private createServer(client: string): Server {
    const server = new this.library!.Server(SERVER_INFO, { capabilities: { tools: { listChanged: true } } });
    server.setRequestHandler("tools/list", () => ({ tools: this.listTools().map(describeTool) }));
    server.setRequestHandler("tools/call", async ({ params }, context) => {
      const result = await this.call(params.name, params.arguments ?? {}, client, context);
      return { content: [{ type: "text" as const, text: result.text }], isError: result.failed };
    });
    return server;
  }

  private async call(
    name: string,
    args: unknown,
    client: string,
    context: ServerContext,
  ): Promise<ToolResult> {
    const source = [...this.sources].find(({ tools }) => tools.some((tool) => tool.name === name));
    const tool = source?.tools.find((one) => one.name === name);
    if (!source || !tool)
      throw new this.library!.ProtocolError(-32602, `There is no tool “${name.slice(0, 80)}”.`);
    const checked = readArguments(JSON.stringify(args), tool.check);
    if ("problem" in checked) return createFailedResult(checked.problem);
    const { signal, notify, _meta } = context.mcpReq;
    const progressToken = _meta?.progressToken;
    try {
      return await source.call({
        name,
        arguments: checked.value,
        client,
        signal,
        onProgress: (progress) => {
          if (progressToken === undefined || signal.aborted) return;
          const params = { progressToken, ...progress };
          void notify({ method: "notifications/progress", params }).catch(() => {});
        },
      });
    } catch (thrown) {
      return createFailedResult(toFailure(thrown).message);
    }
  }

  private listTools(): SharedTool[] {
    const tools = new Map<string, SharedTool>();
    for (const source of this.sources)
      for (const tool of source.tools) if (!tools.has(tool.name)) tools.set(tool.name, tool);
    return [...tools.values()];
  }

  private tellChange(): void {
    for (const handler of this.handlers.values()) handler.notify.toolsChanged();
    for (const { server } of this.sessions.list()) void server.sendToolListChanged().catch(() => {});
  }
}

function describeTool({ name, description, parameters }: SharedTool) {
  return { name, description, inputSchema: { ...parameters, type: "object" as const } };
}
