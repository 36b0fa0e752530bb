import type { Balance, Ledger, Span } from "../../core/budget/ledger.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "../red/api.js";
import { StatusLine } from "../red/status-line.js";
import { type BudgetSettings, type BudgetUnit, UNITS } from "./config.js";

/** Digits of an amount of money that a person reads. */
const MAX_SHOWN_DIGITS = 3;

/** @returns `msg.budget`: how an account stands, in the author's unit */
export function describeBalance(
  { limit, spent, reserved, left, resetsAt }: Balance,
  { unit }: BudgetSettings,
  key: string,
): Record<string, unknown> {
  const toUnit = (amount: number) => amount / UNITS[unit];
  return {
    key,
    unit,
    limit: toUnit(limit),
    spent: toUnit(spent),
    reserved: toUnit(reserved),
    left: toUnit(left),
    resetsAt: new Date(resetsAt).toISOString(),
  };
}

/** @returns an amount for people: never `0` for something that is not 0 */
function formatAmount(amount: number, unit: BudgetUnit): string {
  const value = amount / UNITS[unit];
  if (unit !== "usd") return String(value);
  return value >= 1 ? value.toFixed(2) : String(Number(value.toPrecision(MAX_SHOWN_DIGITS)));
}

/** The status of a budget node: how much of its one account is used, or of the most used of several. */
export class BudgetStatus {
  private readonly line: StatusLine;

  constructor(
    private readonly red: NodeRed,
    node: RuntimeNode,
    private readonly ledger: Ledger,
    private readonly settings: BudgetSettings,
    private readonly findSpan: () => Span,
  ) {
    this.line = new StatusLine(node);
  }

  show(): void {
    this.line.show(this.render);
  }

  close(): void {
    this.line.close();
  }

  private readonly render = (): NodeStatus => {
    const { ledger, red, settings } = this;
    const { limit, unit, warnAt } = settings;
    const span = this.findSpan();
    const share = ledger.measureHighestUse(span);
    const isUsedUp = share >= 1;
    const fill = isUsedUp ? "red" : share >= warnAt ? "yellow" : "green";
    const shape = ledger.openCount > 0 ? "dot" : "ring";
    const count = ledger.accountCount;
    if (count > 1) {
      const percent = Math.floor(share * 100);
      return { fill, shape, text: red._("budget.status.accounts", { count, percent }) };
    }
    const used = formatAmount(Math.round(share * limit), unit);
    const values = { used, limit: formatAmount(limit, unit), unit: red._(`budget.short.${unit}`) };
    return { fill, shape, text: red._("budget.status.account", values) };
  };
}
