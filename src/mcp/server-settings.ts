/** An MCP server that answers at an address. */
export interface HttpServer {
  transport: "http";
  url: URL;
  headers: Readonly<Record<string, string>>;
}

/** An MCP server that is a program on this machine, talked to by its standard input and output. */
export interface StdioServer {
  transport: "stdio";
  command: string;
  args: readonly string[];
  /** Environment variables beside the few that every program gets. */
  env: Readonly<Record<string, string>>;
  cwd?: string;
}

/** An MCP server, with everything that is needed to connect. */
export type ServerSettings = (HttpServer | StdioServer) & {
  /** How the author calls it. */
  name: string;
  /** Milliseconds for connecting, and for a list. */
  connectTimeout: number;
  /** Texts that no message may quote. */
  secrets: readonly string[];
};
