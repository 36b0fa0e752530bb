import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { EXAMPLES } from "../support/flows/examples.js";
import { WITH_FILE_STORE } from "../support/flows/kept.js";
import { ExampleRun, hasTools, isAboutCost, isAboutServices, isRecipe } from "./example-run.js";

/** A turn as the last message of a run describes it. */
interface TurnSummary {
  finishReason: string;
  calls: { name: string; outcome: string }[];
}

/** The last message of a run that did not finish. */
interface UnfinishedMessage {
  finishReason: string;
  error?: { code: string };
}

describe("Examples with tools", () => {
  let run: ExampleRun;
  before(async () => {
    run = await ExampleRun.start(WITH_FILE_STORE);
  });
  after(() => run.stop());

  /** Presses a button and waits for the answer of the model. */
  async function pressForAnswer(button: string): Promise<string> {
    run.clear();
    await run.press(button);
    const [answer] = await run.waitForShown("Answer");
    return String(answer);
  }

  /** Reads the outcomes of the calls of the last run: one string per turn. */
  async function readTurns(): Promise<string[]> {
    const [all] = (await run.waitForShown("Turns")) as TurnSummary[][];
    return all!.map(({ calls }) => calls.map(({ outcome }) => outcome).join(" "));
  }

  it("Weather and time: calls the tools that the question needs, and none if it needs none", async () => {
    await run.deploy("Weather and time tools");
    assert.match(await pressForAnswer("Weather in Paris"), /get_weather.* Paris: \d+ °C, \w+\./);
    assert.deepEqual(await readTurns(), ["answered", ""]);
    const [call] = run.getShown("Each call") as { name: string; arguments: object; round: number }[];
    assert.deepEqual([call!.name, call!.arguments, call!.round], ["get_weather", { city: "Paris" }, 1]);
    assert.match(
      await pressForAnswer("Time in Tokyo"),
      /get_time.* Tokyo: time: \d\d:\d\d, zone: Asia\/Tokyo\./,
    );
    assert.deepEqual(await readTurns(), ["answered", ""]);
    assert.match(await pressForAnswer("No tool for this"), /^The sea/);
    assert.deepEqual(await readTurns(), [""]);
    assert.deepEqual(run.getShown("Each call"), []);
    assert.deepEqual(run.getShown("Not finished"), []);
  });

  it("Parallel calls: gives the same answer for all calls in one turn and for one call per turn", async () => {
    await run.deploy("Parallel tool calls");
    const together = await pressForAnswer("All at once");
    assert.deepEqual(await readTurns(), ["answered answered answered", ""]);
    assert.deepEqual([...run.getShown("Answered")].sort(), ["London", "Paris", "Rome"]);
    const cities = [...together.matchAll(/^- (\w+): \d+ °C/gm)].map(([, city]) => city);
    assert.deepEqual(cities, ["Paris", "London", "Rome"]);
    assert.equal(await pressForAnswer("One by one"), together);
    assert.deepEqual(await readTurns(), ["answered", "answered", "answered", ""]);
  });

  it("Tool over HTTP: passes what the service answers to the model, errors included", async () => {
    const before = process.env["PORT"];
    process.env["PORT"] = new URL(run.webUrl).port;
    try {
      await run.deploy("A tool over HTTP");
      assert.match(await pressForAnswer("People in Paris"), /people: 2102650/);
      assert.match(await pressForAnswer("People in Atlantis"), /did not work for Atlantis: There is no city/);
      // No server listens on this port.
      process.env["PORT"] = "1";
      await run.deploy("A tool over HTTP");
      assert.match(await pressForAnswer("People in Paris"), /ECONNREFUSED|bad port/);
    } finally {
      if (before === undefined) delete process.env["PORT"];
      else process.env["PORT"] = before;
    }
  });

  it("Approval: sends a mail only if a person agrees, and tells the model the decision", async () => {
    await run.deploy("Approval by a person");
    const decide = async (button: string) => {
      run.clear();
      await run.press("Write to Ada");
      assert.deepEqual(await run.waitForShown("To decide"), [
        { to: "ada@example.org", subject: "Your invoice" },
      ]);
      await run.waitForStatusText("Ask a person", /^1 to decide$/);
      assert.deepEqual(run.getShown("Answer"), []);
      await run.press(button);
      return String((await run.waitForShown("Answer"))[0]);
    };
    assert.match(await decide("Refuse"), /refused it\. Do not try it again\./);
    assert.deepEqual(run.getShown("Sent"), []);
    assert.match(await decide("Approve"), /sent: true/);
    assert.equal(run.getShown("Sent").length, 1);
    assert.equal(run.getStatusText("Ask a person"), "");
  });

  it("Tools of an MCP server: lists and reads notes, and tells the model of a failure", async () => {
    await run.deploy("Tools of an MCP server");
    assert.match(await pressForAnswer("What notes are there"), /list_notes.*Groceries.*Garage.*Birthday/s);
    assert.match(await pressForAnswer("Read a note"), /Milk, bread, apples\./);
    assert.match(await pressForAnswer("A note that is not there"), /There is no note “Treasure”/);
    assert.deepEqual(run.getShown("Not finished"), []);
  });

  it("Approval of dangerous tools: deletes a note only if a person agrees", async () => {
    await run.deploy("Approval of dangerous tools");
    const decide = async (button: string) => {
      run.clear();
      await run.press("Delete a note");
      assert.deepEqual(await run.waitForShown("To decide"), [{ title: "Garage" }]);
      assert.deepEqual(run.getShown("Answer"), []);
      await run.press(button);
      return String((await run.waitForShown("Answer"))[0]);
    };
    assert.match(await decide("Refuse"), /refused this\. Do not try it again\./);
    assert.match(await decide("Approve"), /deleted: Garage/);
    assert.match(await decide("Approve"), /There is no note “Garage”/);
    assert.match(await pressForAnswer("Read a note"), /tenth of December/);
  });

  it("Tools for MCP clients: an MCP client lists and calls them", async () => {
    await run.deploy("Tools for MCP clients");
    const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "auto" } });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${run.webUrl}/tools/mcp`)));
    try {
      const { tools } = await client.listTools();
      assert.deepEqual(
        tools.map(({ name }) => name),
        ["roll_dice", "server_time"],
      );
      const { content } = await client.callTool({ name: "roll_dice", arguments: { count: 2 } });
      assert.match(JSON.stringify(content), /sum/);
      const [call] = (await run.waitForShown("Each call")) as { name: string }[];
      assert.equal(call!.name, "roll_dice");
    } finally {
      await client.close();
    }
  });

  it("A tool that fails: tells the model of the failure and keeps the results of the other calls", async () => {
    await run.deploy("A tool that fails");
    const answer = await pressForAnswer("Paris and Atlantis");
    assert.match(answer, /- Paris: 18 °C/);
    assert.match(answer, /- That did not work for Atlantis: .*no weather station/);
    assert.deepEqual(await readTurns(), ["answered failed", ""]);
    assert.match(String(run.getShown("Error")[0]), /no weather station/);
    assert.match(await pressForAnswer("A slow one"), /did not work for Limbo: .*timed out/);
    assert.deepEqual(await readTurns(), ["timed_out", ""]);
    assert.match(await pressForAnswer("A tool that is not there"), /There is no tool "list_cities"/);
    assert.deepEqual(await readTurns(), ["unknown", ""]);
    assert.deepEqual(run.getShown("Not finished"), []);
  });

  it("Agent loop: ends when the model has all results, at the limit, or by the Stop button", async () => {
    await run.deploy("Agent loop and its limit");
    assert.match(await pressForAnswer("Four cities"), /Paris.*London.*Rome.*Tokyo/s);
    assert.deepEqual(await run.waitForShown("Turns needed"), [5]);
    run.clear();
    await run.press("Never enough");
    const [limited] = (await run.waitForShown("Not finished")) as UnfinishedMessage[];
    assert.equal(limited!.error?.code, "tool_rounds");
    assert.equal(((await run.waitForShown("For Catch"))[0] as { code: string }).code, "tool_rounds");
    await run.deploy("Agent loop and its limit", 20);
    await run.press("Four cities");
    await run.waitForStatusText("Tools", /^round/);
    await run.press("Stop");
    const [stopped] = (await run.waitForShown("Not finished")) as UnfinishedMessage[];
    assert.equal(stopped!.finishReason, "cancelled");
    assert.deepEqual(run.getShown("For Catch"), []);
  });

  it("Link call: lets two routers share a tool without wires back", async () => {
    await run.deploy("Tools by link call");
    const both = await pressForAnswer("Weather and time");
    assert.match(both, /- Paris: \d+ °C/);
    assert.match(both, /- Tokyo: time: \d\d:\d\d, zone: Asia\/Tokyo/);
    assert.match(await pressForAnswer("Only the weather"), /- London: \d+ °C.*- Rome: \d+ °C/s);
    assert.deepEqual(run.getShown("Not finished"), []);
  });

  it("An approval that survives a restart: waits for a person over a restart, and is answered once", async () => {
    const restart = async () => {
      run = await run.restart();
      run.clear();
    };
    const begin = async () => {
      await run.press("Write to Ada");
      assert.deepEqual(await run.waitForShown("To decide"), [
        { to: "ada@example.org", subject: "Your invoice" },
      ]);
      await restart();
    };
    await run.deploy("An approval that survives a restart");
    await begin();
    await run.press("What waits");
    const [[waiting]] = (await run.waitForShown("Waiting")) as [{ calls: { name: string }[] }[]];
    assert.deepEqual(
      waiting!.calls.map(({ name }) => name),
      ["send_mail"],
    );
    assert.match(await pressForAnswer("Approve"), /sent: true/);
    await run.press("Approve");
    await run.waitForShown("Waiting");
    assert.equal(run.getShown("Sent").length, 1);
    run.clear();
    await begin();
    assert.match(await pressForAnswer("Refuse"), /refused it\. Do not try it again\./);
    run.clear();
    await begin();
    await run.press("Forget it");
    const [forgotten] = (await run.waitForShown("Not finished")) as UnfinishedMessage[];
    assert.equal(forgotten!.finishReason, "cancelled");
  });

  it("A person corrects a running agent: reads the correction between two turns, and asks for nothing else", async () => {
    await run.deploy("A person corrects a running agent", 20);
    await run.press("Four cities");
    await run.waitForStatusText("Tools", /^round/);
    await run.press("Only Oslo");
    const [answer] = await run.waitForShown("Answer");
    assert.match(String(answer), /Oslo: \d+ °C/);
    assert.doesNotMatch(String(answer), /Rome|Tokyo/);
    assert.equal((await run.waitForShown("Steered")).length, 1);
    const turns = await readTurns();
    assert.ok(turns.length >= 3 && turns.length < 5, turns.join());
    assert.equal(turns.at(-1), "");
    assert.match(await pressForAnswer("Only Oslo"), /Oslo: \d+ °C/);
    assert.deepEqual(run.getShown("Not finished"), []);
  });

  it("have no button that these tests do not press", () => {
    assert.deepEqual(
      run.listUnpressed(
        EXAMPLES.filter(
          (example) =>
            hasTools(example) &&
            ![isAboutCost, isAboutServices, isRecipe].some((isElsewhere) => isElsewhere(example)),
        ),
      ),
      [],
    );
  });
});
