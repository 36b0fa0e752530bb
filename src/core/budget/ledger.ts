/** A stretch of time in which a budget holds, in wall-clock milliseconds since 1970. */
export interface Span {
  start: number;
  end: number;
}

/** `open`: go on. `near`: go on, but the purse is nearly empty. `usedUp`: stop. */
export type Verdict = "open" | "near" | "usedUp";

/** How a purse stands. Amounts are whole numbers: tokens, requests, or billionths of a US dollar. */
export interface Balance {
  limit: number;
  spent: number;
  /** What the requests that run may cost. */
  reserved: number;
  /** Never below 0. */
  left: number;
  /** When the purse is full again. */
  resetsAt: number;
}

/** The rules of a budget. */
export interface LedgerRules {
  /** What each purse may spend in a span: tokens, requests, or billionths of a US dollar. */
  limit: number;
  /** From this share of the limit on, the purse is nearly empty: 0.8. */
  warnAt: number;
}

/** One purse in the span that its newest request fell in. */
interface Purse {
  span: Span;
  spent: number;
  /** What other processes have spent in the same span. */
  spentElsewhere: number;
  reservations: Map<string, number>;
  /** The most that one request has cost. */
  largest: number;
}

/** What is stored of a purse: the start of its span, and what is spent, reservations included. */
export type StoredPurse = readonly [start: number, spent: number];

/** How many purses a ledger keeps. One too many deletes the one of the oldest span, or the one of these that spent least. */
const MAX_PURSES = 10_000;

/**
 * Keeps the purses of a budget. A request reserves what it may cost when it is let through, and is settled once when it ends.
 * Checking and reserving are one step, so requests at the same time cannot pass the limit together by more than what was
 * reserved too low. A pure machine: ids, times and amounts come from outside.
 */
export class Ledger {
  private readonly purses = new Map<string, Purse>();
  /** The purse of each request that runs. */
  private readonly open = new Map<string, Purse>();

  constructor(private rules: LedgerRules) {}

  /** Applies other rules from here on. What is spent stays spent. */
  setRules(rules: LedgerRules): void {
    this.rules = rules;
  }

  /** How many requests run. */
  get openCount(): number {
    return this.open.size;
  }

  /** How many purses are kept. */
  get purseCount(): number {
    return this.purses.size;
  }

  /**
   * Lets a request through and reserves what it may cost, unless the purse is used up. A request alone may always use the
   * rest, even if it could cost more than that.
   */
  request(id: string, key: string, amount: number, span: Span): Verdict {
    if (this.open.has(id)) return this.extend(id, amount);
    const purse = this.openPurse(key, span);
    const verdict = this.judge(purse, amount);
    if (verdict === "usedUp") return verdict;
    purse.reservations.set(id, amount);
    this.open.set(id, purse);
    return verdict;
  }

  /**
   * Ends a request that runs: what it cost is spent, in the span in which it was let through. Any further call does nothing.
   * @returns whether the request was running
   */
  settle(id: string, amount: number): boolean {
    const purse = this.open.get(id);
    if (!purse) return false;
    this.open.delete(id);
    // A purse whose span has ended has forgotten the reservation.
    if (!purse.reservations.delete(id)) return true;
    purse.spent += amount;
    purse.largest = Math.max(purse.largest, amount);
    return true;
  }

  /** Spends for a request that was let through by an earlier ledger. */
  charge(key: string, amount: number, span: Span): void {
    this.openPurse(key, span).spent += amount;
  }

  /** Gives a purse its whole limit back. Requests that run keep what they have reserved. */
  reset(key: string): void {
    const purse = this.purses.get(key);
    if (!purse) return;
    purse.spent = 0;
    purse.spentElsewhere = 0;
  }

  /** Reads how a purse stands in a span. A purse that does not exist is full. */
  look(key: string, span: Span): Balance {
    const purse = this.purses.get(key);
    const isCurrent = purse !== undefined && purse.span.start >= span.start;
    const spent = isCurrent ? purse.spent + purse.spentElsewhere : 0;
    const reserved = isCurrent ? sumReserved(purse) : 0;
    const { limit } = this.rules;
    const left = Math.max(0, limit - spent - reserved);
    return { limit, spent, reserved, left, resetsAt: (isCurrent ? purse.span : span).end };
  }

  /** @returns how much of the fullest purse is spent or reserved, from 0 on */
  measureFullest(span: Span): number {
    const shares = [...this.purses.keys()].map((key) => {
      const { spent, reserved, limit } = this.look(key, span);
      return (spent + reserved) / limit;
    });
    return Math.max(0, ...shares);
  }

  /** @returns the most that one request of a purse has cost so far */
  getLargest(key: string): number {
    return this.purses.get(key)?.largest ?? 0;
  }

  /** @returns the purses as they are stored: what is reserved counts as spent, since nobody settles it after a restart */
  save(): Record<string, StoredPurse> {
    const entries = [...this.purses].map(([key, purse]) => {
      const stored: StoredPurse = [purse.span.start, purse.spent + sumReserved(purse)];
      return [key, stored] as const;
    });
    return Object.fromEntries(entries);
  }

  /** Takes over what an earlier life of the process has stored. */
  restore(stored: Readonly<Record<string, StoredPurse>>, span: Span): void {
    for (const [key, [start, spent]] of Object.entries(stored)) {
      if (start === span.start) this.openPurse(key, span).spent += spent;
    }
  }

  /** Takes over what other processes have stored, in place of what was known of them. */
  setElsewhere(stored: readonly Readonly<Record<string, StoredPurse>>[], span: Span): void {
    for (const purse of this.purses.values()) purse.spentElsewhere = 0;
    for (const [key, [start, spent]] of stored.flatMap((purses) => Object.entries(purses))) {
      if (start === span.start) this.openPurse(key, span).spentElsewhere += spent;
    }
  }

  private extend(id: string, amount: number): Verdict {
    const purse = this.open.get(id)!;
    const verdict = this.judge(purse, amount);
    const reserved = purse.reservations.get(id);
    if (verdict !== "usedUp" && reserved !== undefined) purse.reservations.set(id, reserved + amount);
    return verdict;
  }

  private judge(purse: Purse, amount: number): Verdict {
    const { limit, warnAt } = this.rules;
    const reserved = sumReserved(purse);
    const used = purse.spent + purse.spentElsewhere + reserved;
    if (used >= limit || (used + amount > limit && reserved > 0)) return "usedUp";
    return used >= limit * warnAt ? "near" : "open";
  }

  /** Finds a purse, empty if a new span has begun. If the clock goes back, the later span stays: none is opened twice. */
  private openPurse(key: string, span: Span): Purse {
    const purse = this.purses.get(key);
    if (purse && purse.span.start >= span.start) return purse;
    const largest = purse?.largest ?? 0;
    const fresh: Purse = { span, spent: 0, spentElsewhere: 0, reservations: new Map(), largest };
    if (purse) purse.reservations.clear();
    else if (this.purses.size >= MAX_PURSES) this.forgetOne();
    this.purses.set(key, fresh);
    return fresh;
  }

  private forgetOne(): void {
    let worst: [string, Purse] | undefined;
    for (const entry of this.purses) {
      const [, purse] = entry;
      if (purse.reservations.size > 0) continue;
      const isWorse =
        !worst ||
        purse.span.start < worst[1].span.start ||
        (purse.span.start === worst[1].span.start && purse.spent < worst[1].spent);
      if (isWorse) worst = entry;
    }
    if (worst) this.purses.delete(worst[0]);
  }
}

function sumReserved({ reservations }: Purse): number {
  let sum = 0;
  for (const amount of reservations.values()) sum += amount;
  return sum;
}
