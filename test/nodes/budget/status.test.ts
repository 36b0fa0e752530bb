import assert from "node:assert/strict";
import { Ledger } from "../../../src/core/budget/ledger.js";
import { type BudgetConfig, readBudgetSettings } from "../../../src/node-red/budget/config.js";
import { BudgetStatus } from "../../../src/node-red/budget/status.js";
import type { NodeRed, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";
import { waitUntil } from "../../support/waiting.js";

const SPAN = { start: 0, end: 1000 };
const USD = 1e9;

/** Shows the status of a budget. @param prepare what happened before */
async function showStatus(
  config: Partial<BudgetConfig>,
  prepare: (ledger: Ledger) => void,
): Promise<[fill: unknown, shape: unknown, values: unknown]> {
  const settings = readBudgetSettings({ id: "b", type: "budget", unit: "tokens", limit: 100, ...config });
  const ledger = new Ledger(settings);
  prepare(ledger);
  const statuses: NodeStatus[] = [];
  const node = { status: (status: NodeStatus) => statuses.push(status) } as unknown as RuntimeNode;
  const translate = (_key: string, values?: object) => (values ? Object.values(values).join(" ") : "units");
  const status = new BudgetStatus({ _: translate } as unknown as NodeRed, node, ledger, settings, () => SPAN);
  status.show();
  await waitUntil(() => statuses.length > 0);
  status.close();
  const [{ fill, shape, text }] = statuses as [NodeStatus];
  return [fill, shape, text];
}

describe("The status of a budget node", () => {
  it("is green, yellow from the share to warn at, and red once all is used", async () => {
    for (const [spent, fill] of [
      [79, "green"],
      [80, "yellow"],
      [99, "yellow"],
      [100, "red"],
    ] as const)
      assert.deepEqual(await showStatus({ warnAt: 80 }, (ledger) => ledger.charge("", spent, SPAN)), [
        fill,
        "ring",
        `${spent} 100 units`,
      ]);
  });

  it("is a dot while requests run, and counts what they have reserved", async () => {
    const reserve = (ledger: Ledger) => void ledger.request("r", "", 30, SPAN);
    assert.deepEqual(await showStatus({}, reserve), ["green", "dot", "30 100 units"]);
  });

  it("says how full the fullest of several is, and no more than that", async () => {
    const spend = (ledger: Ledger) => {
      ledger.charge("anna", 998, SPAN);
      ledger.charge("ben", 10, SPAN);
    };
    assert.deepEqual(await showStatus({ limit: 1000 }, spend), ["yellow", "ring", "2 99"]);
  });

  it("has money with cents from a dollar up, and with three digits below", async () => {
    for (const [spent, text] of [
      [0, "0 12.50 units"],
      [0.000012345, "0.0000123 12.50 units"],
      [0.5, "0.5 12.50 units"],
      [1, "1.00 12.50 units"],
      [3.456, "3.46 12.50 units"],
    ] as const) {
      const spend = (ledger: Ledger) => ledger.charge("", spent * USD, SPAN);
      assert.equal((await showStatus({ unit: "usd", limit: 12.5 }, spend))[2], text);
    }
  });
});
