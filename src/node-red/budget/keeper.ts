import type { Ledger, Span } from "../../core/budget/ledger.js";
import type { NodeHost } from "../red/host.js";
import type { PurseStore } from "./store.js";

/** Shortest time between two writes. What is spent between the last one and a crash is lost. */
const SAVE_INTERVAL_MS = 1_000;

/** Keeps a ledger and a store alike: reads it once at the start, then writes what changes. No stream waits for a write. */
export class PurseKeeper {
  /** Settled once the purses of an earlier life are known, or the store has failed. */
  readonly loaded: Promise<void>;
  private timer: unknown;
  private isWriting = false;
  private hasChanged = false;
  private isClosed = false;

  /** @param isFresh whether the ledger knows nothing yet; one that outlived a deploy knows more than the store */
  constructor(
    private readonly store: PurseStore,
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
    if (this.isClosed || this.isWriting) return;
    this.timer ??= this.host.clock.setTimer(() => {
      this.timer = undefined;
      this.host.run(() => this.write());
    }, SAVE_INTERVAL_MS);
  }

  close(): void {
    this.isClosed = true;
    this.host.clock.clearTimer(this.timer);
    if (this.hasChanged) void this.store.exchange(this.ledger.save());
  }

  private async write(): Promise<void> {
    this.isWriting = true;
    this.hasChanged = false;
    this.ledger.setElsewhere(await this.store.exchange(this.ledger.save()), this.findSpan());
    this.isWriting = false;
    if (this.hasChanged) this.save();
  }
}
