import { hostname } from "node:os";
import type { StoredAccount } from "../../core/budget/ledger.js";
import type { Clock } from "../../core/clock.js";
import { toFailure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { NodeRed, RuntimeNode } from "../red/api.js";
import { ContextValues, selectStore } from "../red/context-values.js";
import { logWarning } from "../red/log.js";

type Accounts = Record<string, StoredAccount>;

/** What a budget stores, under the name of its node: the accounts of each process that counts. */
interface Stored {
  v: 1;
  unit: string;
  processes: Record<string, Accounts>;
}

/** What is known from the store: what this process spent in an earlier life, and what others have. */
export interface Loaded {
  own: Accounts;
  others: Accounts[];
}

/**
 * Keeps the accounts of a budget in a context store. Each process writes its own, and reads those of the others when it
 * writes. A store that fails costs a warning, and no stream.
 */
export class AccountStore {
  private readonly values: ContextValues;
  private readonly name: string;
  private readonly process: string;
  private hasWarned = false;

  /** @param unit amounts in another unit are no longer of use */
  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    store: string,
    private readonly unit: string,
    clock: Clock,
  ) {
    this.values = new ContextValues(selectStore(node.context().global, store), clock, "budget");
    this.name = `budget_${node.id.replace(/\W/g, "_")}`;
    this.process = `${hostname()}:${this.red.settings.uiPort ?? ""}`;
  }

  async load(): Promise<Loaded> {
    try {
      return this.split(await this.read());
    } catch (thrown) {
      this.warn(toFailure(thrown).message);
      return { own: {}, others: [] };
    }
  }

  /** Writes the accounts of this process. @returns those of the others */
  async exchange(own: Accounts): Promise<Accounts[]> {
    try {
      const stored = await this.read();
      const processes = { ...stored.processes, [this.process]: own };
      await this.values.set(this.name, { ...stored, processes });
      this.hasWarned = false;
      return this.split(stored).others;
    } catch (thrown) {
      this.warn(toFailure(thrown).message);
      return [];
    }
  }

  private split({ processes }: Stored): Loaded {
    const { [this.process]: own = {}, ...others } = processes;
    return { own, others: Object.values(others) };
  }

  private async read(): Promise<Stored> {
    const empty: Stored = { v: 1, unit: this.unit, processes: {} };
    const value = await this.values.get(this.name);
    if (value === undefined || value === null) return empty;
    if (isStored(value)) return value.unit === this.unit ? value : empty;
    this.warn(
      `What is stored as ${this.name} in the global context is not from this version of the node. The budget starts from zero; the old value is kept as ${this.name}_unread.`,
    );
    await this.values.set(`${this.name}_unread`, value);
    return empty;
  }

  private warn(text: string): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    logWarning(this.node, text);
  }
}

function isStored(value: unknown): value is Stored {
  return (
    isObject(value) &&
    value["v"] === 1 &&
    isObject(value["processes"]) &&
    Object.values(value["processes"]).every(areAccounts)
  );
}

function areAccounts(value: unknown): value is Accounts {
  return (
    isObject(value) &&
    Object.values(value).every(
      (account) =>
        Array.isArray(account) && account.length === 2 && account.every((part) => Number.isFinite(part)),
    )
  );
}
