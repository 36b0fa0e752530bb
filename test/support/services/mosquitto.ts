import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { findFreePort } from "../runtime/node-red-process.js";

/** Mosquitto, Debian's MQTT broker, on this machine. */
export class Mosquitto {
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly configPath: string,
  ) {}

  /**
   * Starts a broker.
   * @param folder for its configuration
   * @param settings more lines of its configuration
   */
  static async start(folder: string, settings: readonly string[] = []): Promise<Mosquitto> {
    const port = await findFreePort();
    const path = join(folder, `mosquitto-${port}.conf`);
    const lines = [`listener ${port} 127.0.0.1`, "allow_anonymous true", "persistence false", ...settings];
    writeFileSync(path, `${lines.join("\n")}\n`);
    const broker = new Mosquitto(port, path);
    await broker.start();
    return broker;
  }

  async start(): Promise<void> {
    this.child = spawn("mosquitto", ["-c", this.configPath], { stdio: "ignore" });
    const [failure] = await Promise.race([
      once(this.child, "error"),
      this.waitUntilReachable().then(() => [undefined]),
    ]);
    if (failure) throw new Error(`mosquitto did not start: ${failure}. Install Debian's package mosquitto.`);
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  }

  private async waitUntilReachable(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const socket = connect(this.port, "127.0.0.1");
      const isOpen = await Promise.race([
        once(socket, "connect").then(
          () => true,
          () => false,
        ),
        once(socket, "close").then(() => false),
      ]);
      socket.destroy();
      if (isOpen) return;
      await wait(50);
    }
    throw new Error("mosquitto cannot be reached.");
  }
}
