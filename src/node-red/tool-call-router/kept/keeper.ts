import { toFailure } from "../../../core/failure.js";
import { isObject } from "../../../core/json/parse.js";
import { logWarning } from "../../red/log.js";
import type { RouterEnvironment } from "../environment.js";
import type { OfferedTools } from "../mcp/offered-tools.js";
import type { RouterRun } from "../run.js";
import type { RunContext } from "../run-events.js";
import { RunStore } from "./run-store.js";
import { type StoredRun, storeRun } from "./stored-run.js";

/** Keeps the runs of a router in a context store, and brings them back after a redeploy or a restart. */
export class KeptRuns {
  private readonly store: RunStore;
  /** Keys of the runs that are in the store, or on their way there. */
  private readonly stored = new Set<string>();
  private isClosed = false;
  private stopWaiting = () => {};
  /** Until then, messages have to wait: they may answer a run that is not there yet. Undefined afterwards. */
  loading: Promise<void> | undefined;

  /**
   * @param tools have to be known before approved arguments can be checked
   * @param restore gets each stored run, once the tools are known and all nodes of the flow are there
   */
  constructor(
    private readonly router: RouterEnvironment,
    private readonly tools: OfferedTools,
    private readonly clocks: Pick<RunContext, "now" | "date">,
    private readonly restore: (run: StoredRun) => void,
  ) {
    const { red, node, host, settings } = router;
    const doubt = describeDoubt(red.settings.contextStorage, settings.keepRuns);
    if (doubt !== undefined) logWarning(node, doubt);
    this.store = new RunStore(node, settings.keepRuns, host.clock);
    this.loading = this.load();
  }

  /**
   * Stores where a run stands.
   * @throws Failure `configuration`, `invalid_request` if it cannot be stored
   */
  async save({ record, state }: RouterRun): Promise<void> {
    const run = storeRun(record, state, this.clocks);
    if (!run) return;
    this.stored.add(run.key);
    await this.store.save(run);
  }

  /** Deletes a run that is over. */
  async forget(key: string): Promise<void> {
    if (!this.stored.delete(key)) return;
    try {
      await this.store.delete(key);
    } catch (thrown) {
      logWarning(
        this.router.node,
        `${toFailure(thrown).message} A run that is over may come back after a restart.`,
      );
    }
  }

  /** @returns settled once all runs are stored; undefined if nothing is being written */
  close(): Promise<void> | undefined {
    this.isClosed = true;
    this.stopWaiting();
    return this.store.awaitWrites();
  }

  private async load(): Promise<void> {
    const { node, host } = this.router;
    const hasStarted = this.awaitStart();
    try {
      const { runs, unread } = await this.store.load();
      await hasStarted;
      if (runs.length > 0 && !this.isClosed)
        await new Promise<void>((resolve) => this.tools.prepare(resolve));
      if (this.isClosed) return;
      if (unread > 0)
        logWarning(
          node,
          `${unread} stored runs are not from this version of the node, and stay as they are.`,
        );
      for (const run of runs) this.stored.add(run.key);
      for (const run of runs) host.run(() => this.restore(run));
    } catch (thrown) {
      logWarning(node, toFailure(thrown).message);
    } finally {
      this.loading = undefined;
    }
  }

  /** Waits until the nodes of all flows are there. */
  private awaitStart(): Promise<void> {
    const { events } = this.router.red;
    if (!events) return Promise.resolve();
    return new Promise((resolve) => {
      events.once("flows:started", resolve);
      this.stopWaiting = () => {
        events.removeListener("flows:started", resolve);
        resolve();
      };
    });
  }
}

/** @returns why runs may not survive a restart or a crash, for the author */
function describeDoubt(stores: unknown, store: string): string | undefined {
  const named = isObject(stores) ? stores[store] : undefined;
  // The entry `default` may be the name of another one.
  const entry = isObject(stores) && typeof named === "string" ? stores[named] : named;
  if (!isObject(entry))
    return `The context store “${store}” is not set up, so runs end with the flow. Set up one that writes to a file, in contextStorage in the settings of Node-RED.`;
  const { module, config } = entry;
  if (module === "memory")
    return `The context store “${store}” is in memory: runs survive a deploy, but no restart. Choose one that writes to a file.`;
  if (module === "localfilesystem" && !(isObject(config) && config["cache"] === false))
    return `The context store “${store}” writes to its file only now and then, so a crash loses the latest steps, and a tool could be called again. Set “cache: false” for it in contextStorage in the settings of Node-RED.`;
  return undefined;
}
