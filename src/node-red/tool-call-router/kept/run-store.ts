import type { Clock } from "../../../core/clock.js";
import { isObject } from "../../../core/json/parse.js";
import type { RuntimeNode } from "../../red/api.js";
import { ContextValues, selectStore } from "../../red/context-values.js";
import { copyAsJson } from "../../red/plain-copy.js";
import { isStoredRun, type StoredRun } from "./stored-run.js";

/** Name in the context of the node that holds its runs, each under its key. */
const CONTEXT_NAME = "runs";

/** The writes of each node that are under way, also those of its life before a redeploy. */
const runningWrites = new Map<string, Promise<void>>();

/** The runs of a router in its own context, which Node-RED deletes with the node. */
export class RunStore {
  private readonly values: ContextValues;

  constructor(
    private readonly node: RuntimeNode,
    store: string,
    clock: Clock,
  ) {
    this.values = new ContextValues(selectStore(node.context(), store), clock, "run");
  }

  /**
   * @returns the stored runs, oldest first, and how many this version cannot read
   * @throws Failure `configuration` if the store fails or does not answer
   */
  async load(): Promise<{ runs: StoredRun[]; unread: number }> {
    await this.awaitWrites();
    const value = await this.values.get(CONTEXT_NAME);
    const entries = isObject(value) ? Object.values(value) : [];
    const runs = entries.filter(isStoredRun).sort((one, other) => one.savedAt - other.savedAt);
    return { runs, unread: entries.length - runs.length };
  }

  /** @throws Failure `configuration` if the store fails or does not answer, `invalid_request` if JSON cannot hold the run */
  save(run: StoredRun): Promise<void> {
    return this.write(run.key, copyAsJson(run, "The run"));
  }

  /** @throws Failure `configuration` if the store fails or does not answer */
  delete(key: string): Promise<void> {
    return this.write(key, undefined);
  }

  /** @returns settled once all writes are over; undefined if none is under way */
  awaitWrites(): Promise<void> | undefined {
    return runningWrites.get(this.node.id);
  }

  private write(key: string, value: unknown): Promise<void> {
    const { id } = this.node;
    const work = this.values.set(`${CONTEXT_NAME}["${key}"]`, value);
    const all = Promise.allSettled([runningWrites.get(id), work]).then(() => {
      if (runningWrites.get(id) === all) runningWrites.delete(id);
    });
    runningWrites.set(id, all);
    return work;
  }
}
