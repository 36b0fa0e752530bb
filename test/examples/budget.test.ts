import assert from "node:assert/strict";
import { EXAMPLES } from "../support/flows/examples.js";
import { ExampleRun, isAboutCost } from "./example-run.js";

interface Account {
  spent: number;
  left: number;
}

describe("Examples of cost and budgets", () => {
  let run: ExampleRun;
  before(async () => {
    run = await ExampleRun.start();
  });
  after(() => run.stop());

  it("Budget per user: answers with a cheaper model near the limit, and with none beyond it", async () => {
    await run.deploy("Budget per user with a cheaper model");
    const models: unknown[] = [];
    for (let count = 1; run.getShown("Used up").length === 0; count++) {
      assert.ok(count < 100, "the account is never used up");
      await run.press("Anna asks");
      await run.sidebar.waitUntil(
        () => run.getShown("Model").length === count || run.getShown("Used up").length > 0,
        "an answer, or none",
      );
      models.splice(0, models.length, ...run.getShown("Model"));
    }
    assert.deepEqual([...new Set(models)], ["demo", "demo-fast"]);
    assert.deepEqual(run.getShown("Not finished"), []);
    const [cost] = run.getShown("Cost") as { usd: number; source: string }[];
    assert.equal(cost!.source, "own");
    const [account] = run.getShown("Used up") as Account[];
    assert.ok(account!.spent > 0.25 && account!.spent < 0.4, String(account!.spent));
    run.clear();
    await run.press("Ben asks");
    await run.waitForShown("Answer");
    await run.press("What is left");
    await run.press("Fill it up");
    const [before, after] = (await run.waitForShown("State", 2)) as Account[];
    assert.equal(before!.spent, account!.spent);
    assert.deepEqual([after!.spent, after!.left], [0, 0.3]);
  });

  it("A run that costs too much: ends the run, and lets one go on that needs less", async () => {
    await run.deploy("A run that costs too much");
    await run.press("Four cities");
    const [answer] = await run.waitForShown("Answer");
    assert.match(String(answer), /Paris.*London.*Rome.*Tokyo/s);
    run.clear();
    await run.press("Never enough");
    const [ended] = (await run.waitForShown("Not finished")) as {
      error: { code: string };
      rounds: unknown[];
    }[];
    assert.equal(ended!.error.code, "budget");
    assert.ok(ended!.rounds.length > 2, String(ended!.rounds.length));
    const [caught] = (await run.waitForShown("For Catch")) as { code: string }[];
    assert.equal(caught!.code, "budget");
  });

  it("have no button that these tests do not press", () => {
    assert.deepEqual(run.listUnpressed(EXAMPLES.filter(isAboutCost)), []);
  });
});
