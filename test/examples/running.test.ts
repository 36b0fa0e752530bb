import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Message } from "../../src/node-red/red/api.js";
import { EXAMPLES } from "../support/flows/examples.js";
import { waitUntil } from "../support/waiting.js";
import { ExampleRun, hasTools, isAboutCost, isAboutServices, isRecipe, needsBroker } from "./example-run.js";

/** The last message of a stream, as the debug sidebar shows it. */
interface ShownMessage extends Message {
  payload: string;
  finishReason: string;
  error?: { code: string; partial: string };
}

describe("Examples", () => {
  let run: ExampleRun;
  before(async () => {
    run = await ExampleRun.start();
  });
  after(() => run.stop());

  it("First stream: shows an answer chunk by chunk, then as a whole", async () => {
    await run.deploy("First stream");
    for (const [button, text] of [
      ["Write a haiku", /The sea/],
      ["What is Node-RED?", /tool for wiring/],
    ] as const) {
      run.clear();
      await run.press(button);
      const [whole] = await run.waitForShown("Whole answer");
      assert.match(String(whole), text);
      assert.ok(run.getShown("Each chunk").length > 10);
      assert.equal(run.getShown("Each chunk").join(""), whole);
      assert.equal(run.sidebar.messages.at(-1)!.nodeName, "Whole answer");
      // The sidebar keeps 100 entries.
      assert.ok(run.sidebar.size <= 100);
    }
  });

  it("Collected answer: shows the text with usage and statistics, and an answer in JSON as an object", async () => {
    await run.deploy("Collected answer with usage and statistics");
    await run.press("Explain streaming");
    const [line] = await run.waitForShown("Statistics");
    assert.match(
      String(line),
      /^\d+ \+ \d+ tokens, \d+ chunks, \d+ characters in \d+(\.\d+)? ms, the first after \d+(\.\d+)? ms. It ended with “stop”\.$/,
    );
    const [whole] = (await run.waitForShown("Whole message")) as ShownMessage[];
    assert.equal(whole!.finishReason, "stop");
    for (const property of ["response", "usage", "stats", "request"]) assert.ok(whole![property], property);

    await run.press("Describe Mars as JSON");
    const [object] = (await run.waitForShown("Object")) as { name: string; moons: number }[];
    assert.equal(object!.name, "Mars");
    assert.equal(typeof object!.moons, "number");
    assert.deepEqual(run.getShown("Not JSON"), []);
  });

  it("System prompt: uses the prompt and parameters of the node, or those of the message if it has some", async () => {
    await run.deploy("System prompt and parameters");
    const answers: string[] = [];
    const reasons: unknown[] = [];
    for (const button of ["Why is the sky blue?", "… in German?", "… in 20 tokens?", "… in 10 tokens?"]) {
      run.clear();
      await run.press(button);
      reasons.push((await run.waitForShown("Finish reason"))[0]);
      answers.push(String((await run.waitForShown("Answer"))[0]));
    }
    const [pirate, german, twenty, ten] = answers as [string, string, string, string];
    assert.match(pirate, /^Arr, matey!/);
    assert.match(german, /auf Deutsch/);
    assert.deepEqual(reasons, ["stop", "stop", "length", "length"]);
    assert.ok(twenty.startsWith(ten) && twenty.length > ten.length);
  });

  it("Several questions: shows the shortest answer first, and collects all answers in the order of the questions", async () => {
    await run.deploy("Several questions at once", 200);
    await run.press("Ask all three");
    const [all] = (await run.waitForShown("In order")) as string[][];
    assert.equal(all!.length, 3);
    assert.match(all![0]!, /^Streaming means/);
    assert.match(all![1]!, /^1, 2, 3/);
    assert.equal(all![2], "12 × 12 = 144.");
    const finished = run.getShown("As they finish");
    assert.equal(finished[0], all![2]);
    assert.deepEqual([...finished].sort(), [...all!].sort());
  });

  it("Chat with memory: keeps a conversation per user, and forgets one on request", async () => {
    await run.deploy("Chat with memory");
    const pressForAnswer = async (button: string) => {
      run.clear();
      await run.press(button);
      await run.waitForShown("Conversation");
      return String((await run.waitForShown("Answer"))[0]);
    };
    assert.match(await pressForAnswer("Ada says her name"), /Ada/);
    assert.equal(await pressForAnswer("Ada asks for it"), "Your name is Ada.");
    assert.equal((run.getShown("Conversation") as unknown[][])[0]!.length, 4);
    assert.match(await pressForAnswer("Bob asks for his"), /not told me your name/);
    await run.press("Forget Ada");
    assert.match(await pressForAnswer("Ada asks for it"), /not told me your name/);
  });

  it("Stop button: ends the stream and keeps the text so far", async () => {
    await run.deploy("Stop button and timeouts");
    await run.press("Tell a long story");
    await run.waitForStatus("A slow model", "blue", "dot");
    await run.press("Stop");
    const [rest] = (await run.waitForShown("Not finished")) as ShownMessage[];
    assert.equal(rest!.finishReason, "cancelled");
    assert.ok(rest!.payload.length > 0);
    assert.equal(rest!.error, undefined);
    assert.deepEqual(run.getShown("Finished"), []);
  });

  it("Timeouts: ends the stream of a silent model with the error timeout, which Catch gets too", async () => {
    await run.deploy("Stop button and timeouts");
    await run.press("Ask a silent one");
    const [rest] = (await run.waitForShown("Not finished")) as ShownMessage[];
    assert.equal(rest!.error!.code, "timeout");
    assert.match(rest!.payload, /^Streaming means/);
    const [caught] = (await run.waitForShown("For Catch")) as { code: string }[];
    assert.equal(caught!.code, "timeout");
  });

  it("Errors by code: gives its own advice for each kind of error", async () => {
    await run.deploy("Errors by code");
    for (const [button, advice, rest] of [
      ["Too many requests", /^Ask again in 7 s\.$/, /^$/],
      ["Server error", /^Ask again: /, /^$/],
      ["Broken off", /^Keep what has arrived \([1-9]\d* characters\)/, /^Ines/],
      ["Unreadable", /^Keep what has arrived \([1-9]\d* characters\)/, /^Ines/],
      ["Unknown model", /^Check the settings: .*model/, /^$/],
    ] as const) {
      run.clear();
      await run.press(button);
      assert.match(String((await run.waitForShown("What to do"))[0]), advice, button);
      assert.match(String((await run.waitForShown("Text so far"))[0]), rest, button);
      assert.deepEqual(run.getShown("Answer"), [], button);
    }
  });

  it("Stream to a file: writes the whole answer into the file", async () => {
    await run.deploy("Stream to a file");
    await run.press("Write a story");
    const [content] = await run.waitForShown("Content");
    const [file] = (await run.waitForShown("Where")) as string[];
    assert.match(basename(file!), /^chat-stream-\d+\.txt$/);
    try {
      assert.equal(readFileSync(file!, "utf8"), content);
    } finally {
      rmSync(file!, { force: true });
    }
    assert.match(String(content), /^Ines worked in a library[\s\S]*There will be another word\.”$/);
  });

  it("Retry: waits as long as a busy service asks, backs off from a broken one, and gives up in the end", async () => {
    await run.deploy("Retry with backoff");
    await run.press("Busy, twice");
    await run.waitForStatusText("Retry", /^retry 2\/4 in \d s$/);
    assert.match(String((await run.waitForShown("Answer"))[0]), /The sea/);
    assert.deepEqual(await run.waitForShown("Attempts"), [3]);
    run.clear();
    await run.press("Broken, twice");
    assert.match(String((await run.waitForShown("Answer"))[0]), /The sea/);
    run.clear();
    await run.press("Out of order");
    const [failed] = (await run.waitForShown("Not finished")) as ShownMessage[];
    assert.match((failed!.error as unknown as Error).message, /Given up after 4 attempts/);
    const [caught] = (await run.waitForShown("For Catch")) as { code: string }[];
    assert.equal(caught!.code, "overloaded");
    run.clear();
    await run.press("Busy, twice");
    await run.waitForStatusText("Retry", /^retry 2\/4/);
    await run.press("Stop");
    const [stopped] = (await run.waitForShown("Not finished")) as ShownMessage[];
    assert.equal(stopped!.finishReason, "cancelled");
    assert.deepEqual(run.getShown("For Catch"), []);
  });

  it("Continue a broken answer: delivers one whole answer, by continuing it or by starting over", async () => {
    await run.deploy("Continue a broken answer");
    await run.press("Continue");
    const [whole] = await run.waitForShown("Whole answer");
    assert.match(String(whole), /^The sea/);
    assert.equal(run.getShown("Each piece").join(""), whole);
    assert.deepEqual(await run.waitForShown("Attempts"), [3]);
    await run.press("Start over");
    assert.deepEqual(await run.waitForShown("Whole answer again"), [whole]);
    assert.deepEqual(await run.waitForShown("Attempts again"), [3]);
    assert.equal(run.getShown("Reset").length, 2);
  });

  it("Resume without loss: goes on where the connection broke, in a text and in JSON", async () => {
    await run.deploy("Resume without loss");
    for (const [button, answer] of [
      ["Tell a story", /^[\s\S]{300,}$/],
      ["Describe Mars as JSON", /^\{"name":"Mars",.*\}$/],
    ] as const) {
      run.clear();
      await run.press(button);
      const [whole] = await run.waitForShown("Whole answer");
      assert.match(String(whole), answer);
      assert.equal(run.getShown("Each piece").join(""), whole, "nothing is lost and nothing comes twice");
      assert.deepEqual(await run.waitForShown("Attempts"), [3]);
    }
  });

  it("Fall back: completes an answer with a second provider", async () => {
    await run.deploy("Fall back to a second provider mid-answer");
    await run.press("Unknown model");
    const [alone] = await run.waitForShown("Whole answer");
    assert.deepEqual(await run.waitForShown("Attempts"), [2]);
    run.clear();
    await run.press("Explain streaming");
    assert.deepEqual(await run.waitForShown("Whole answer"), [alone]);
    assert.deepEqual(await run.waitForShown("Attempts"), [3]);
    assert.equal(run.getShown("Each piece").join(""), alone);
  });

  it("Partial answer: sends a broken answer to the second output", async () => {
    await run.deploy("Partial answer without retry");
    await run.press("In full");
    const [whole] = await run.waitForShown("Whole answer");
    await run.press("Broken off");
    const [partial] = await run.waitForShown("Partial answer");
    assert.ok(String(whole).startsWith(String(partial).replace(/ …$/, "")));
    assert.equal(((await run.waitForShown("Why"))[0] as { code: string }).code, "interrupted");
    assert.equal(((await run.waitForShown("For Catch"))[0] as { code: string }).code, "interrupted");
  });

  it("Words for a dashboard: sends the same text in fewer messages", async () => {
    await run.deploy("Words for a dashboard", 200);
    await run.press("Tell a story");
    const [saved] = await run.waitForShown("Messages saved");
    const [, before, after] = /^(\d+) chunks became (\d+) messages\.$/.exec(String(saved))!;
    assert.ok(Number(after) < Number(before) / 2, String(saved));
    await run.waitForStatusText("Widget", /another word\.”$/);
  });

  it("One message per sentence: does not split at abbreviations, and leaves out code", async () => {
    await run.deploy("One message per sentence");
    const pressForSentences = async (button: string, count: number) => {
      run.clear();
      await run.press(button);
      await run.waitForShown("Say", count);
      // An extra sentence would arrive at once.
      await pause(30);
      return run.getShown("Say");
    };
    const explained = await pressForSentences("Explain streaming", 4);
    assert.equal(explained.length, 4);
    for (const sentence of explained) assert.match(String(sentence), /^[A-Z].*\. ?$/);
    assert.deepEqual(await pressForSentences("In German", 3), [
      "Ein Satz endet z. B. nicht nach Dr. oder am 3. Mai. ",
      "Erst hier! ",
      "Und dann kommt noch einer.",
    ]);
    assert.deepEqual(await pressForSentences("With code", 3), [
      "Here you are:\n\n",
      "It needs no recursion: two numbers and a loop are enough. ",
      "`fibonacci(10)` is 55.",
    ]);
  });

  it("Typewriter: shows the same text smoothed and as it arrives, even if it is stopped", async () => {
    await run.deploy("Typewriter");
    await run.press("Tell a story");
    await run.waitForStatusText("Like a typewriter", /another word\.”$/);
    await run.waitForStatusText("As it comes", /another word\.”$/);
    await run.deploy("Typewriter", 50);
    await run.press("Tell a story");
    await run.waitForStatusText("Like a typewriter", /\S \S/);
    await run.press("Stop");
    await run.waitForStatusText("Ask the model", /^cancelled/);
    await run.waitForSameStatus("Like a typewriter", "As it comes");
  });

  it("Structured extraction: fills an object field by field, and reports an answer that does not fit the schema", async () => {
    await run.deploy("Structured extraction into an object");
    await run.press("Extract the event");
    const [event] = (await run.waitForShown("Event")) as Record<string, unknown>[];
    assert.deepEqual([event!["title"], event!["city"], event!["seats"]], ["Team lunch", "Paris", 4]);
    assert.equal((event!["guests"] as unknown[]).length, 2);
    await run.waitForStatusText("A card that fills", /^Team lunch in Paris, 4 seats$/);
    const isWhole = () => isDeepStrictEqual(run.getShown("The object so far").at(-1), event);
    await run.sidebar.waitUntil(isWhole, "the whole event");
    const versions = run.getShown("The object so far") as Record<string, unknown>[];
    assert.ok(versions.length > 20);
    assert.deepEqual(versions[0], {});
    const fields = versions.map((part) => Object.keys(part).length);
    assert.deepEqual(fields, [...fields].sort(), "no field disappears again");
    assert.deepEqual(run.getShown("No event"), []);

    await run.press("Ask for any object");
    const [error] = (await run.waitForShown("Does not fit")) as { code: string; message: string }[];
    assert.equal(error!.code, "bad_response");
    assert.match(error!.message, /\$ must have required property 'title'/);
    assert.deepEqual(run.getShown("Fits"), []);
  });

  it("A flow test from a cassette: fails without one, records, passes, and says what has changed", async () => {
    await run.deploy("A flow test from a cassette");
    await run.press("Test");
    assert.match(String((await run.waitForShown("Failed"))[0]), /does not exist. Record it first/);
    await run.press("Record");
    assert.match(String((await run.waitForShown("Passed"))[0]), /144/);
    await waitUntil(() => existsSync(join(run.runtime.userDir, "cassettes/multiply.json")), "the cassette");
    await run.press("Test");
    const [recorded, replayed] = await run.waitForShown("Passed", 2);
    assert.equal(replayed, recorded);
    await run.press("Change it");
    assert.match(
      String((await run.waitForShown("Failed", 2))[1]),
      /has “What is 12 times 12\?” at messages\[0\]\.content, and this request “What is 13 times 13\?”/,
    );
  });

  it("have no button that these tests do not press", () => {
    assert.deepEqual(
      run.listUnpressed(
        EXAMPLES.filter(
          (example) =>
            ![hasTools, isAboutServices, isAboutCost, isRecipe, needsBroker].some((isElsewhere) =>
              isElsewhere(example),
            ),
        ),
      ),
      [],
    );
  });
});
