import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXAMPLES } from "../support/flows/examples.js";
import { findPackage, TELEGRAM } from "../support/runtime/node-red-process.js";
import { buildMessageEvents } from "../support/services/responses-records.js";
import { ResponsesService } from "../support/services/responses-service.js";
import { ScriptedService } from "../support/services/scripted-service.js";
import { useService } from "../support/services/use-service.js";
import { waitUntil } from "../support/waiting.js";
import { ExampleRun, isRecipe } from "./example-run.js";

/** What the flow sends to Telegram. */
interface Sent {
  chatId: number;
  type: string;
  content: string;
  options?: { reply_markup: string };
}

type Listener = (payload: Sent) => void;

describe("Examples of what to build", () => {
  const service = useService();
  let run: ExampleRun;
  before(async () => {
    run = await ExampleRun.start({ nodesDir: [join(findPackage(TELEGRAM), "nodes")] });
  });
  after(() => run.stop());

  /** Presses a button and waits for what a debug node shows. */
  async function press(button: string, shownBy = "Answer"): Promise<string> {
    run.clear();
    await run.press(button);
    return String((await run.waitForShown(shownBy))[0]);
  }

  it("Your own key: asks OpenAI with the key, then Ollama without one, and says what is wrong", async () => {
    const openai = new ResponsesService(service());
    const ollama = await ScriptedService.start();
    try {
      ollama.script = async (reply) => {
        reply.response.writeHead(200, { "content-type": "application/x-ndjson" });
        const message = { role: "assistant", content: "At home." };
        reply.response.end(`${JSON.stringify({ message, done: true, done_reason: "stop" })}\n`);
      };
      const providers = {
        OpenAI: {
          providerProperties: { baseUrl: openai.url },
          credentials: { apiKey: "sk-test-1234567890" },
        },
        Ollama: { providerProperties: { baseUrl: ollama.url.replace(/\/v1$/, "") } },
      };
      await run.deploy("Your own key, then Ollama", 1000, providers);
      openai.answers = [buildMessageEvents(["The sea."])];
      assert.equal(await press("Write a haiku"), "The sea.");
      assert.equal(openai.bodies[0]!["model"], "gpt-6-luna");
      assert.equal(await press("The same, at home"), "At home.");
      assert.equal(ollama.requests[0]!.body["model"], "llama3.2");
      ollama.script = async (reply) => reply.sendJson(404, { error: "model 'llama3.2' not found" });
      assert.match(await press("The same, at home", "Not finished"), /llama3\.2.* not found/);
    } finally {
      await ollama.close();
    }
  });

  it("Picture: asks about a picture of the flow and of a file, and says that a file is missing", async () => {
    await run.deploy("Ask about a picture");
    assert.match(await press("What is in it?"), /^I see a PNG picture of 96 × 64 pixels\./);
    assert.match(await press("From a file", "Wrong"), /no such file/);
    const folder = mkdtempSync(join(tmpdir(), "chat-stream-picture-"));
    try {
      const file = join(folder, "picture.gif");
      writeFileSync(file, Buffer.from("474946383961200010008000000000000000000021f904", "hex"));
      const inject = run.runtime.red.nodes.getNode(run.getId("From a file")) as unknown as {
        receive(msg: object): void;
      };
      run.clear();
      inject.receive({ __user_inject_props__: [{ p: "filename", v: file, vt: "str" }] });
      assert.match(String((await run.waitForShown("Answer"))[0]), /^I see a GIF picture of 32 × 16 pixels\./);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("Reasoning: shows the thoughts apart from the answer, and fewer of them if asked", async () => {
    await run.deploy("Show the reasoning");
    const think = async (button: string) => {
      assert.match(await press(button), /^The sky is blue because/);
      const [all] = await run.waitForShown("All thoughts");
      await waitUntil(() => run.getShown("Each thought").join("") === all, "each thought is shown");
      return String(all);
    };
    const much = await think("Why is the sky blue?");
    const little = await think("With little effort");
    assert.ok(little.length > 0 && little.length < much.length, `${little.length} and ${much.length}`);
  });

  it("JSON over HTTP: answers with one document, and with a status if there is no question or no answer", async () => {
    await run.deploy("One JSON answer over HTTP");
    const ask = async (body: object): Promise<[number, Record<string, unknown>]> => {
      const response = await fetch(`${run.webUrl}/ask`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return [response.status, (await response.json()) as Record<string, unknown>];
    };
    const [status, document] = await ask({ question: "What is 12 * 12?" });
    assert.deepEqual([status, document["answer"]], [200, "12 × 12 = 144."]);
    assert.equal(typeof (document["usage"] as Record<string, unknown>)["total_tokens"], "number");
    assert.equal((await ask({}))[0], 400);
    await run.deploy("One JSON answer over HTTP", 1000, { providerProperties: { provider: "none" } });
    assert.deepEqual(await ask({ question: "Anybody there?" }), [
      502,
      { error: "There is no answer.", code: "configuration" },
    ]);
  });

  it("Own text: answers from the passages that fit the question, and says if the text does not say it", async () => {
    await run.deploy("Answer from your own text");
    assert.equal(await press("Returns"), "The text says: “A lamp can be returned within thirty days.”");
    const [passages] = await run.waitForShown("Passages used");
    assert.doesNotMatch(String(passages), /Parcels/);
    assert.equal(await press("Sundays"), "The text says: “It is closed on Sundays.”");
    assert.match(await press("Something else"), /does not say/);
  });

  it("Sensors: sums up the readings of the day, then begins a new day", async () => {
    await run.deploy("Sensors to a daily summary");
    await run.press("Some readings");
    await run.waitForStatusText("Remember", /^bedroom: 16\.4 °C$/);
    assert.equal(
      await press("Every evening", "Summary"),
      "In short: The kitchen had between 19.5 and 22.1 °C, and 22.1 °C in the end. The bedroom had between 16.4 and 17.2 °C, and 16.4 °C in the end.",
    );
    await run.press("Some readings");
    await run.waitForStatusText("Remember", /^bedroom: 16\.4 °C$/);
    assert.match(await press("Every evening", "Summary"), /^In short: The kitchen had/);
    assert.deepEqual(run.getShown("Not finished"), []);
  });

  it("Classify: sends each text to the people for it, and what has no answer to those who can tell", async () => {
    await run.deploy("Classify, then route");
    assert.match(await press("A complaint", "Complaints"), /lamp came broken/);
    assert.match(await press("A question", "Questions"), /when are you open/);
    assert.match(await press("An order", "Orders"), /two lamps/);
    assert.match(await press("Neither", "Others"), /weather/);
    await run.deploy("Classify, then route", 1000, { providerProperties: { provider: "none" } });
    assert.match(await press("An order", "Cannot tell"), /two lamps/);
  });

  it("Sub-agent: shows the expert's text while it writes, and answers with it", async () => {
    await run.deploy("A sub-agent whose text is seen");
    const answer = await press("Ask the expert");
    const expert = run.getShown("The expert writes");
    assert.ok(expert.length > 10, `${expert.length} chunks`);
    assert.match(expert.join(""), /^The sky is blue because/);
    assert.ok(answer.includes(expert.join("")), answer);
    assert.match(await press("Without the expert"), /The sea/);
    assert.deepEqual(run.getShown("The expert writes"), []);
    assert.deepEqual(run.getShown("Not finished"), []);
  });

  it("Sub-agent: stops the expert with the run that asked it", async () => {
    await run.deploy("A sub-agent whose text is seen", 20);
    await run.press("Ask the expert");
    await run.waitForShown("The expert writes");
    assert.equal(await press("Stop", "Not finished"), "cancelled");
    await run.waitForStatus("The expert", "grey", "ring");
  });

  it("Telegram: keeps a conversation for each chat, and sends a mail only if its own chat approves", async () => {
    await run.deploy("A Telegram chat with approval buttons");
    const { events } = run.runtime.red as unknown as {
      events: {
        on(name: string, listener: Listener): void;
        off(name: string, listener: Listener): void;
        emit(name: string, payload: object): void;
      };
    };
    const sent: Sent[] = [];
    const listener: Listener = (payload) => void sent.push(payload);
    events.on("telegram:sent", listener);
    /** Writes to the bot or touches a button. @returns the next message that it sends */
    const send = async (chatId: number, content: string, name = "message"): Promise<Sent> => {
      const before = sent.length;
      events.emit(`telegram:${name}`, { chatId, type: name === "button" ? "callback_query" : name, content });
      await waitUntil(() => sent.length > before, "a message to Telegram");
      return sent[before]!;
    };
    const readButtons = ({ options }: Sent) => {
      const { inline_keyboard: rows } = JSON.parse(options!.reply_markup) as {
        inline_keyboard: { text: string; callback_data: string }[][];
      };
      return Object.fromEntries(rows.flat().map(({ text, callback_data: data }) => [text, data]));
    };
    try {
      await send(1, "My name is Ada.");
      assert.equal((await send(1, "What is my name?")).content, "Your name is Ada.");
      const other = await send(2, "What is my name?");
      assert.equal(other.chatId, 2);
      assert.match(other.content, /not told me your name/);

      const mail = 'Send an email to ada@example.org with the subject "Lunch".';
      const question = await send(1, mail);
      assert.equal(question.content, "May I send a mail to ada@example.org about “Lunch”?");
      const { Approve, Refuse } = readButtons(question);
      assert.ok(Approve!.length <= 64, "Telegram takes 64 bytes");
      // A button of another chat does nothing, so the next answer is that of the right one.
      events.emit("telegram:button", { chatId: 2, type: "callback_query", content: Approve! });
      const done = await send(1, Approve!, "button");
      assert.deepEqual([done.chatId, /sent: true/.test(done.content)], [1, true]);
      // A button works once.
      events.emit("telegram:button", { chatId: 1, type: "callback_query", content: Refuse! });
      const refused = readButtons(await send(1, mail));
      assert.match((await send(1, refused["Refuse"]!, "button")).content, /refused/);
    } finally {
      events.off("telegram:sent", listener);
    }
  });

  it("have no button that these tests do not press", () => {
    assert.deepEqual(run.listUnpressed(EXAMPLES.filter(isRecipe)), []);
  });
});
