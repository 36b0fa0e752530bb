import assert from "node:assert/strict";
import { EXAMPLES, ExampleRun, hasTools } from "./example-run.js";

/** What a run's last message tells of a turn. */
interface Turn {
  finishReason: string;
  calls: { name: string; outcome: string }[];
}

interface Unfinished {
  finishReason: string;
  error?: { code: string };
}

describe("The examples of tools, run as their comments say", () => {
  let run: ExampleRun;
  before(async () => {
    run = await ExampleRun.start();
  });
  after(() => run.stop());

  /** Presses a button and waits for what the model says. */
  async function answerTo(button: string): Promise<string> {
    run.clear();
    await run.press(button);
    const [answer] = await run.untilShown("Answer");
    return String(answer);
  }

  /** How each call fared, turn by turn. */
  async function turns(): Promise<string[]> {
    const [all] = (await run.untilShown("Turns")) as Turn[][];
    return all!.map(({ calls }) => calls.map(({ outcome }) => outcome).join(" "));
  }

  it("Weather and time: the model calls what it needs, and nothing where it knows the answer", async () => {
    await run.deploy("Weather and time tools");
    assert.match(await answerTo("Weather in Paris"), /get_weather.* Paris: celsius: \d+, sky: \w+\./);
    assert.deepEqual(await turns(), ["answered", ""]);
    const [call] = run.shown("Each call") as { name: string; arguments: object; round: number }[];
    assert.deepEqual([call!.name, call!.arguments, call!.round], ["get_weather", { city: "Paris" }, 1]);
    assert.match(await answerTo("Time in Tokyo"), /get_time.* Tokyo: time: \d\d:\d\d, zone: Asia\/Tokyo\./);
    assert.deepEqual(await turns(), ["answered", ""]);
    assert.match(await answerTo("No tool for this"), /^The sea/);
    assert.deepEqual(await turns(), [""]);
    assert.deepEqual(run.shown("Each call"), []);
    assert.deepEqual(run.shown("Not finished"), []);
  });

  it("Parallel calls: all of them in one turn, or one in each, with the same answer", async () => {
    await run.deploy("Parallel tool calls");
    const together = await answerTo("All at once");
    assert.deepEqual(await turns(), ["answered answered answered", ""]);
    assert.deepEqual([...run.shown("Answered")].sort(), ["London", "Paris", "Rome"]);
    const cities = [...together.matchAll(/^- (\w+): celsius/gm)].map(([, city]) => city);
    assert.deepEqual(cities, ["Paris", "London", "Rome"]);
    assert.equal(await answerTo("One after the other"), together);
    assert.deepEqual(await turns(), ["answered", "answered", "answered", ""]);
  });

  it("Over HTTP: what the service says goes to the model, its refusals too", async () => {
    const before = process.env["PORT"];
    process.env["PORT"] = new URL(run.webUrl).port;
    try {
      await run.deploy("A tool over HTTP");
      assert.match(await answerTo("People in Paris"), /people: 2102650/);
      assert.match(await answerTo("People in Atlantis"), /did not work for Atlantis: There is no city/);
      // Nobody listens there.
      process.env["PORT"] = "1";
      await run.deploy("A tool over HTTP");
      assert.match(await answerTo("People in Paris"), /ECONNREFUSED|bad port/);
    } finally {
      if (before === undefined) delete process.env["PORT"];
      else process.env["PORT"] = before;
    }
  });

  it("Approval: a mail is sent only when a person agrees, and the model knows which", async () => {
    await run.deploy("Approval by a person");
    const decide = async (button: string) => {
      run.clear();
      await run.press("Write to Ada");
      assert.deepEqual(await run.untilShown("To decide"), [
        { to: "ada@example.org", subject: "Your invoice" },
      ]);
      await run.untilStatusText("Ask a person", /^1 to decide$/);
      assert.deepEqual(run.shown("Answer"), []);
      await run.press(button);
      return String((await run.untilShown("Answer"))[0]);
    };
    assert.match(await decide("Refuse"), /refused it\. Do not try it again\./);
    assert.deepEqual(run.shown("Sent"), []);
    assert.match(await decide("Approve"), /sent: true/);
    assert.equal(run.shown("Sent").length, 1);
    assert.equal(run.statusText("Ask a person"), "");
  });

  it("A tool that fails: the model is told, and the other calls are kept", async () => {
    await run.deploy("A tool that fails");
    const answer = await answerTo("Paris and Atlantis");
    assert.match(answer, /- Paris: celsius: 18/);
    assert.match(answer, /- That did not work for Atlantis: .*no weather station/);
    assert.deepEqual(await turns(), ["answered failed", ""]);
    assert.match(String(run.shown("Error")[0]), /no weather station/);
    assert.match(await answerTo("A slow one"), /did not work for Limbo: .*timed out/);
    assert.deepEqual(await turns(), ["timed_out", ""]);
    assert.match(await answerTo("A tool that is not there"), /There is no tool "list_cities"/);
    assert.deepEqual(await turns(), ["unknown", ""]);
    assert.deepEqual(run.shown("Not finished"), []);
  });

  it("Agent loop: it ends when the model has all, at the limit, or by a button", async () => {
    await run.deploy("Agent loop and its limit");
    assert.match(await answerTo("Four cities"), /Paris.*London.*Rome.*Tokyo/s);
    assert.deepEqual(await run.untilShown("Turns needed"), [5]);
    run.clear();
    await run.press("Never enough");
    const [limited] = (await run.untilShown("Not finished")) as Unfinished[];
    assert.equal(limited!.error?.code, "tool_rounds");
    assert.equal(((await run.untilShown("For Catch"))[0] as { code: string }).code, "tool_rounds");
    await run.deploy("Agent loop and its limit", 20);
    await run.press("Four cities");
    await run.untilStatusText("Tools", /^round/);
    await run.press("Stop");
    const [stopped] = (await run.untilShown("Not finished")) as Unfinished[];
    assert.equal(stopped!.finishReason, "cancelled");
    assert.deepEqual(run.shown("For Catch"), []);
  });

  it("Link call: two models share a tool, and no wire leads back", async () => {
    await run.deploy("Tools by link call");
    const both = await answerTo("Weather and time");
    assert.match(both, /- Paris: celsius: \d+/);
    assert.match(both, /- Tokyo: time: \d\d:\d\d, zone: Asia\/Tokyo/);
    assert.match(await answerTo("Only the weather"), /- London: celsius: \d+.*- Rome: celsius: \d+/s);
    assert.deepEqual(run.shown("Not finished"), []);
  });

  it("leave no button unpressed", () => {
    assert.deepEqual(run.unpressed(EXAMPLES.filter(hasTools)), []);
  });
});
