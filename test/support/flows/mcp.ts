import { createRequire } from "node:module";
import type { FlowNode } from "../runtime/node-red-api.js";
import type { Script } from "../services/scripted-service.js";
import { createSinkNode } from "./nodes.js";
import { createCallChunks, createRouterFlow, readRequestMessages } from "./router.js";

const require_ = createRequire(__filename);

/** Program of the protocol's own reference server, which nobody here wrote. */
export const EVERYTHING = require_.resolve("@modelcontextprotocol/server-everything/dist/index.js");
/** Program of the server that reads and writes files. */
export const FILES = require_.resolve("@modelcontextprotocol/server-filesystem/dist/index.js");

/** A row of a router: tools of the mcp-server `server`. */
export interface RowOptions {
  tools?: "*" | string[];
  prefix?: string;
  approve?: boolean;
}

/** Creates an mcp-server that starts a program of Node.js. */
export function createProgramNode(program: string, ...args: string[]): FlowNode {
  return {
    id: "server",
    type: "mcp-server",
    name: "tools",
    transport: "stdio",
    command: process.execPath,
    args: [program, ...args],
    connectTimeout: 30,
  };
}

/** Creates an mcp-server at an address. */
export function createAddressNode(url: string, more: object = {}): FlowNode {
  return {
    id: "server",
    type: "mcp-server",
    name: "tools",
    transport: "http",
    url,
    connectTimeout: 30,
    ...more,
  };
}

/** Creates a flow whose router has no drawn tools, but those of a server. Its third output goes to `approve`. */
export function createMcpFlow(
  baseUrl: string,
  server: FlowNode,
  row: RowOptions = {},
  router: Record<string, unknown> = {},
): FlowNode[] {
  return createRouterFlow(baseUrl, {
    router: {
      tools: [],
      mcp: [{ server: "server", tools: "*", prefix: "", approve: false, ...row }],
      wires: [["out", "collect"], ["ask"], ["approve"]],
      ...router,
    },
    more: [server, createSinkNode("approve")],
  });
}

/** A service that calls tools once, and then answers with their results, a line each. */
export function answerByCalls(...calls: readonly (readonly [name: string, args: object])[]): Script {
  return async (reply, { body }) => {
    const results = readRequestMessages({ body }).filter(({ role }) => role === "tool");
    if (results.length > 0) {
      reply.say(results.map(({ content }) => String(content)).join("\n"));
      return;
    }
    await reply.sendApart(...calls.flatMap(([name, args], at) => createCallChunks(name, args, at)));
    reply.finish("tool_calls");
  };
}

/** Reads the names of the tools that a request offers. */
export function readOfferedNames({ body }: { body: Record<string, unknown> }): string[] {
  const tools = (body["tools"] ?? []) as { function: { name: string } }[];
  return tools.map((tool) => tool.function.name);
}
