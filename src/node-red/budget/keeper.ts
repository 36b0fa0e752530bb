import type { Ledger, Span } from "../../core/budget/ledger.js";
import type { NodeHost } from "../red/host.js";
import type { AccountStore } from "./store.js";

/** Shortest time between two writes. What is spent between the last one and a crash is lost. */
const SAVE_INTERVAL_MS = 1_000;

/** Keeps a ledger and a store alike: reads it once at the start, then writes what changes. No stream waits for a write. */
export class AccountKeeper {
  /** Settled once the accounts of an earlier life are known, or the store has failed. */
  readonly loaded: Promise<void>;
  private timer: unknown;
  private writing: Promise<void> | undefined;
  private hasChanged = false;
  private isClosed = false;

  /** @param isFresh whether the ledger knows nothing yet; one that outlived a deploy knows more than the store */
  constructor(
    private readonly store: AccountStore,
    private readonly ledger: Ledger,
    isFresh: boolean,
    private readonly host: NodeHost,
    private readonly findSpan: () => Span,
  ) {
    this.loaded = store.load().then(({ own, others }) => {
      if (isFresh) ledger.restore(own, findSpan());
      ledger.setElsewhere(others, findSpan());
    });
  }

  /** Notes that the ledger has changed. */
  save(): void {
    this.hasChanged = true;
    if (this.isClosed || this.writing) return;
    this.timer ??= this.host.clock.setTimer(() => {
      this.timer = undefined;
      this.host.run(() => this.write());
    }, SAVE_INTERVAL_MS);
  }

  /** Writes what has changed. @returns settled once it is written; undefined if nothing is to be written */
  close(): Promise<void> | undefined {
    this.isClosed = true;
    this.host.clock.clearTimer(this.timer);
    const { writing } = this;
    if (!this.hasChanged) return writing;
    return writing ? writing.then(() => this.write()) : this.write();
  }

  private write(): Promise<void> {
    this.hasChanged = false;
    this.writing = this.store.exchange(this.ledger.save()).then((others) => {
      this.writing = undefined;
      this.ledger.setElsewhere(others, this.findSpan());
      if (this.hasChanged) this.save();
    });
    return this.writing;
  }
}
