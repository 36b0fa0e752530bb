/** A stretch of time in which a budget holds, in wall-clock milliseconds since 1970. */
export interface Span {
  start: number;
  end: number;
}

/** `open`: go on. `near`: go on, but the account is nearly used up. `usedUp`: stop. */
export type Verdict = "open" | "near" | "usedUp";

/** How an account stands. Amounts are whole numbers: tokens, requests, or billionths of a US dollar. */
export interface Balance {
  limit: number;
  spent: number;
  /** What the requests that run may cost. */
  reserved: number;
  /** Never below 0. */
  left: number;
  /** When the next span begins, in which the account has its whole limit again. */
  resetsAt: number;
}

/** The rules of a budget. */
export interface LedgerRules {
  /** What each account may spend in a span: tokens, requests, or billionths of a US dollar. */
  limit: number;
  /** From this share of the limit on, the account is nearly used up: 0.8. */
  warnAt: number;
}

/** What is spent for one value of a budget's key, such as a user, in the span of the newest request. */
interface Account {
  span: Span;
  spent: number;
  /** What other processes have spent in the same span. */
  spentElsewhere: number;
  reservations: Map<string, number>;
  /** The most that one request has cost. */
  largest: number;
}

/** What is stored of an account: the start of its span, and what is spent, reservations included. */
export type StoredAccount = readonly [start: number, spent: number];

/**
 * How many accounts a ledger keeps. For one more, it forgets the one with the oldest span. If several have this span, it
 * forgets the one that has spent least.
 */
const MAX_ACCOUNTS = 10_000;

/**
 * Keeps the accounts of a budget. A request reserves what it may cost when it is let through, and is settled once when it
 * ends. Checking and reserving are one step, so requests at the same time pass the limit together only by what they cost
 * beyond their reservations. A pure machine: ids, times and amounts come from outside.
 */
export class Ledger {
  private readonly accounts = new Map<string, Account>();
  /** The account of each request that runs. */
  private readonly open = new Map<string, Account>();

  constructor(private rules: LedgerRules) {}

  /** Applies other rules from here on. What is spent stays spent. */
  setRules(rules: LedgerRules): void {
    this.rules = rules;
  }

  /** How many requests run. */
  get openCount(): number {
    return this.open.size;
  }

  /** How many accounts are kept. */
  get accountCount(): number {
    return this.accounts.size;
  }

  /**
   * Lets a request through and reserves what it may cost, unless the account is used up. A request alone may always use the
   * rest, even if it could cost more than that.
   */
  request(id: string, key: string, amount: number, span: Span): Verdict {
    if (this.open.has(id)) return this.extend(id, amount);
    const account = this.openAccount(key, span);
    const verdict = this.judge(account, amount);
    if (verdict === "usedUp") return verdict;
    account.reservations.set(id, amount);
    this.open.set(id, account);
    return verdict;
  }

  /**
   * Ends a request that runs: what it cost is spent, in the span in which it was let through. Any further call does nothing.
   * @returns whether the request was running
   */
  settle(id: string, amount: number): boolean {
    const account = this.open.get(id);
    if (!account) return false;
    this.open.delete(id);
    // An account whose span has ended has forgotten the reservation.
    if (!account.reservations.delete(id)) return true;
    account.spent += amount;
    account.largest = Math.max(account.largest, amount);
    return true;
  }

  /** Spends for a request that was let through by an earlier ledger. */
  charge(key: string, amount: number, span: Span): void {
    this.openAccount(key, span).spent += amount;
  }

  /** Gives an account its whole limit back. Requests that run keep what they have reserved. */
  reset(key: string): void {
    const account = this.accounts.get(key);
    if (!account) return;
    account.spent = 0;
    account.spentElsewhere = 0;
  }

  /** Reads how an account stands in a span. An account that does not exist has spent nothing. */
  look(key: string, span: Span): Balance {
    const account = this.accounts.get(key);
    const isCurrent = account !== undefined && account.span.start >= span.start;
    const spent = isCurrent ? account.spent + account.spentElsewhere : 0;
    const reserved = isCurrent ? sumReserved(account) : 0;
    const { limit } = this.rules;
    const left = Math.max(0, limit - spent - reserved);
    return { limit, spent, reserved, left, resetsAt: (isCurrent ? account.span : span).end };
  }

  /** @returns the share of its limit that the most used account has spent or reserved, from 0 on */
  measureHighestUse(span: Span): number {
    const shares = [...this.accounts.keys()].map((key) => {
      const { spent, reserved, limit } = this.look(key, span);
      return (spent + reserved) / limit;
    });
    return Math.max(0, ...shares);
  }

  /** @returns the most that one request of an account has cost so far */
  getLargest(key: string): number {
    return this.accounts.get(key)?.largest ?? 0;
  }

  /** @returns the accounts as they are stored: what is reserved counts as spent, since nobody settles it after a restart */
  save(): Record<string, StoredAccount> {
    const entries = [...this.accounts].map(([key, account]) => {
      const stored: StoredAccount = [account.span.start, account.spent + sumReserved(account)];
      return [key, stored] as const;
    });
    return Object.fromEntries(entries);
  }

  /** Takes over what an earlier life of the process has stored. */
  restore(stored: Readonly<Record<string, StoredAccount>>, span: Span): void {
    for (const [key, [start, spent]] of Object.entries(stored)) {
      if (start === span.start) this.openAccount(key, span).spent += spent;
    }
  }

  /** Takes over what other processes have stored, in place of what was known of them. */
  setElsewhere(stored: readonly Readonly<Record<string, StoredAccount>>[], span: Span): void {
    for (const account of this.accounts.values()) account.spentElsewhere = 0;
    for (const [key, [start, spent]] of stored.flatMap((accounts) => Object.entries(accounts))) {
      if (start === span.start) this.openAccount(key, span).spentElsewhere += spent;
    }
  }

  private extend(id: string, amount: number): Verdict {
    const account = this.open.get(id)!;
    const verdict = this.judge(account, amount);
    const reserved = account.reservations.get(id);
    if (verdict !== "usedUp" && reserved !== undefined) account.reservations.set(id, reserved + amount);
    return verdict;
  }

  private judge(account: Account, amount: number): Verdict {
    const { limit, warnAt } = this.rules;
    const reserved = sumReserved(account);
    const used = account.spent + account.spentElsewhere + reserved;
    if (used >= limit || (used + amount > limit && reserved > 0)) return "usedUp";
    return used >= limit * warnAt ? "near" : "open";
  }

  /** Finds an account, fresh if a new span has begun. If the clock goes back, the later span stays: none is opened twice. */
  private openAccount(key: string, span: Span): Account {
    const account = this.accounts.get(key);
    if (account && account.span.start >= span.start) return account;
    const largest = account?.largest ?? 0;
    const fresh: Account = { span, spent: 0, spentElsewhere: 0, reservations: new Map(), largest };
    if (account) account.reservations.clear();
    else if (this.accounts.size >= MAX_ACCOUNTS) this.forgetOne();
    this.accounts.set(key, fresh);
    return fresh;
  }

  private forgetOne(): void {
    let worst: [string, Account] | undefined;
    for (const entry of this.accounts) {
      const [, account] = entry;
      if (account.reservations.size > 0) continue;
      const isWorse =
        !worst ||
        account.span.start < worst[1].span.start ||
        (account.span.start === worst[1].span.start && account.spent < worst[1].spent);
      if (isWorse) worst = entry;
    }
    if (worst) this.accounts.delete(worst[0]);
  }
}

function sumReserved({ reservations }: Account): number {
  let sum = 0;
  for (const amount of reservations.values()) sum += amount;
  return sum;
}
