import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { EVERYTHING } from "../flows/mcp.js";

/** The protocols that the reference server speaks at an address. */
type Protocol = "streamableHttp" | "sse";

/** Starts the reference server at an address in each protocol, for the tests of a suite. @returns a function that gets its URL */
export function useEverything(): (protocol: Protocol) => string {
  const programs = new Map<Protocol, ChildProcess>();
  const urls = new Map<Protocol, string>();
  before(async () => {
    for (const protocol of ["streamableHttp", "sse"] as const) {
      const port = await findPort();
      const env = { ...process.env, PORT: String(port) };
      const program = spawn(process.execPath, [EVERYTHING, protocol], {
        env,
        stdio: ["ignore", "ignore", "pipe"],
      });
      programs.set(protocol, program);
      urls.set(protocol, `http://127.0.0.1:${port}${protocol === "sse" ? "/sse" : "/mcp"}`);
      await waitForPort(port);
    }
  });
  after(() => {
    for (const program of programs.values()) program.kill("SIGKILL");
  });
  return (protocol) => urls.get(protocol)!;
}

/** Finds a port that nobody uses. */
async function findPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function waitForPort(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("The reference server did not start.");
}
