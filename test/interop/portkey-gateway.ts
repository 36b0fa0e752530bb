import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { ROOT } from "../support/root.js";

const PROGRAM = join(ROOT, "node_modules/@portkey-ai/gateway/build/start-server.js");

/** Portkey's gateway, as a process of its own on loopback. It passes requests on to any service. */
export class PortkeyGateway {
  private process: ChildProcess | undefined;
  private port = 0;

  /** `http://127.0.0.1:PORT/v1`; known before the start. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  /** Starts the gateway and waits until it listens. */
  async start(): Promise<void> {
    this.port = await findFreePort();
    const preload = join(__dirname, "mutable-headers.cjs");
    const args = ["--require", preload, PROGRAM, "--headless", `--port=${this.port}`];
    const child = spawn(process.execPath, args, { stdio: "ignore" });
    this.process = child;
    while (!(await this.isListening())) {
      if (child.exitCode !== null) throw new Error(`The gateway ended with code ${child.exitCode}.`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop(): Promise<void> {
    const { process: child } = this;
    if (!child || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  private isListening(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1");
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
      socket.once("close", (hasFailed) => resolve(!hasFailed));
    });
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
