import { TestRuntime } from "../runtime/node-red-runtime.js";

/** Settings with a store `file` that writes each step at once. */
export const WITH_FILE_STORE = {
  contextStorage: {
    default: { module: "memory" },
    file: { module: "localfilesystem", config: { cache: false } },
  },
};

/** A Node-RED that can be stopped and started again with its flows and its context. */
export class RestartableRuntime {
  private current: TestRuntime | undefined;

  get now(): TestRuntime {
    if (!this.current) throw new Error("Node-RED does not run.");
    return this.current;
  }

  async start(settings: Record<string, unknown> = WITH_FILE_STORE): Promise<TestRuntime> {
    this.current = await TestRuntime.start({ settings });
    return this.current;
  }

  /** Stops Node-RED and starts it again, as the flows were deployed last. */
  async restart(settings: Record<string, unknown> = WITH_FILE_STORE): Promise<TestRuntime> {
    const { userDir } = this.now;
    await this.now.stop(true);
    this.current = await TestRuntime.start({ settings, userDir });
    return this.current;
  }

  async end(): Promise<void> {
    await this.current?.stop();
    this.current = undefined;
  }
}
