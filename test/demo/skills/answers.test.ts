import assert from "node:assert/strict";
import fc from "fast-check";
import { type DemoAnswer, respond } from "../../../src/demo/model/responder.js";
import { readDemoRequest } from "../../../src/demo/server/chat/request.js";
import { assertCheap } from "../../support/speed.js";
import { user } from "../client.js";

function answer(messages: object[], choice = 0): DemoAnswer {
  return respond(readDemoRequest({ model: "demo", messages }).prompt, choice);
}

function ask(question: string, system?: string): string {
  return answer([...(system ? [{ role: "system", content: system }] : []), user(question)]).content;
}

/** Asks the questions of a conversation one after the other. @returns the last answer */
function converse(...questions: string[]): string {
  const messages: object[] = [];
  for (const question of questions) {
    messages.push(user(question));
    messages.push({ role: "assistant", content: answer(messages).content });
  }
  return answer(messages.slice(0, -1)).content;
}

describe("The demo model", () => {
  const cases: [string, string | RegExp][] = [
    ["Hello", /^Hello! I am the demo model/],
    ["Who are you?", /^I am the demo model/],
    ["What can you do?", /^- tell a story/m],
    ["count to 12", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12."],
    ["Count to five", "1, 2, 3, 4, 5."],
    ["Count from 3 to 6.", "3, 4, 5, 6."],
    ["count to 1", "1."],
    ["count down from 3", "3, 2, 1."],
    ["count to 999999", /, 10000 … and so on; I stop after 10000 numbers\.$/],
    ["What is 12 * 7?", "12 × 7 = 84."],
    ["what is 2 + 3 times 4", "2 + 3 × 4 = 14."],
    ["What is (2 + 3) * -4?", "(2 + 3) × -4 = -20."],
    ["What is 2 ^ 3 ^ 2?", "2 ^ 3 ^ 2 = 512."],
    ["What is 10 - 3 - 2?", "10 - 3 - 2 = 5."],
    ["what is 0.1 + 0.2", "0.1 + 0.2 = 0.3."],
    ["What is 1 / 0?", /divided by zero/],
    ["What happened on 2024-05-06?", /demo/],
    ["List three planets", /1\. Mercury\n2\. Venus\n3\. Earth$/],
    ["Name the days of the week", /^Here are 7 days[\s\S]+7\. Sunday$/],
    ["Write a haiku about rain", /^Rain\n\n.+\n.+\n.+$/],
    ["What is streaming?", /^Streaming means/],
    ["Explain Node-RED, please", /^Node-RED is/],
    ["Write code that sorts a list", /^I know only one function[\s\S]+```javascript/],
    ["repeat: Hello   World!", "Hello   World!"],
    ["Please repeat after me: “one, two”", "one, two"],
    ["What is the weather in Paris?", /Offer me a tool/],
    ["", /has no text/],
  ];
  for (const [question, expected] of cases) {
    it(`answers ${JSON.stringify(question)}`, () => {
      if (typeof expected === "string") assert.equal(ask(question), expected);
      else assert.match(ask(question), expected);
    });
  }

  it("tells a story about the topic, longer or shorter as asked", () => {
    const story = ask("Tell me a story about a dragon who learns to code.");
    assert.ok((story.match(/a dragon who learns to code/g) ?? []).length >= 2);
    const length = (kind: string) => ask(`Tell me a ${kind} story about tea`).length;
    assert.ok(length("short") < length("good") && length("good") < length("long"));
  });

  it("quotes a question that it cannot answer, shortened if it is long, and says what it can do", () => {
    assert.match(ask("Which cheese goes with figs?"), /“Which cheese goes with figs\?”.+demo.+ask me to/);
    assert.ok(ask("blah ".repeat(5_000)).length < 1_000);
  });

  it("says that it cannot look at an attachment", () => {
    const parts = [
      { type: "text", text: "Is it nice?" },
      { type: "image_url", image_url: { url: "data:," } },
    ];
    assert.match(answer([{ role: "user", content: parts }]).content, /^Your attachment has arrived/);
  });

  it("says of a picture what its bytes tell: the kind and the size", () => {
    const png = Buffer.alloc(24);
    png.write("\x89PNG\r\n\x1a\n", "latin1");
    png.writeUInt32BE(640, 16);
    png.writeUInt32BE(480, 20);
    const gif = Buffer.from([...Buffer.from("GIF89a"), 0x40, 0x01, 0xf0, 0x00]);
    // A JPEG with one segment before the one with the size.
    const jpeg = Buffer.from("ffd8ffe000044142ffc0001108003000400300", "hex");
    const look = (...pictures: Buffer[]) => {
      const parts = pictures.map((bytes) => ({
        type: "image_url",
        image_url: { url: `data:image/png;base64,${bytes.toString("base64")}` },
      }));
      const content = [{ type: "text", text: "What is in this picture?" }, ...parts];
      return answer([{ role: "user", content }]).content;
    };
    assert.match(look(png), /^I see a PNG picture of 640 × 480 pixels\./);
    assert.match(
      look(gif, jpeg),
      /^I see a GIF picture of 320 × 240 pixels and a JPEG picture of 64 × 48 pixels\./,
    );
  });

  it("answers from a text that the prompt brings, says if the text does not say it, and sums it up", () => {
    const text = "<text>We open at nine. The shop is closed on Sundays.\nBring a bag.</text>";
    assert.equal(ask(`${text} What about a Sunday?`), "The text says: “The shop is closed on Sundays.”");
    assert.equal(ask(`${text} Who owns a dog?`), "The text that you gave me does not say that.");
    assert.equal(ask(`Summarise this: ${text}`), "In short: We open at nine. The shop is closed on Sundays.");
  });

  it("writes JavaScript that runs", () => {
    const code = /```javascript\n([\s\S]+?)```/.exec(ask("Write a function for Fibonacci numbers"))![1]!;
    const fibonacci = new Function(`${code}; return fibonacci;`)() as (n: number) => number;
    assert.equal(fibonacci(10), 55);
  });

  it("gives the same answer to the same conversation, and another one to another choice", () => {
    const question = [user("Tell me a story about a fox")];
    assert.deepEqual(answer(question), answer(question));
    assert.notEqual(answer(question).content, answer(question, 1).content);
  });

  it("answers any text", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", maxLength: 60 }), { minLength: 1, maxLength: 5 }),
        (texts) => assert.ok(answer(texts.map(user)).content.length > 0),
      ),
      { numRuns: 50 },
    );
  });

  it("answers long and hostile text quickly", () => {
    const hostile = ["(", "a ", "A ", "1+", "\n", '"', "“", " ", "```\n", "> x\n", "<a>", "to ", ". ", "1. "];
    const starts = ["continue ", "repeat", "translate ", "what is ", "my name is ", "count from ", "list "];
    const schema = { type: "object", properties: { city: { type: "string" }, age: { type: "number" } } };
    const tools = [{ type: "function", function: { name: "get_weather", parameters: schema } }];
    const response_format = { type: "json_schema", json_schema: { name: "person", schema } };
    const answerAll = (piece: string) => {
      const messages = [user(`Weather ${piece.repeat(100_000)}`)];
      for (const fields of [{}, { tools }, { response_format }]) {
        respond(readDemoRequest({ model: "demo", messages, ...fields }).prompt);
      }
      for (const start of starts) ask(start + piece.repeat(20_000));
    };
    assertCheap(() => hostile.forEach(answerAll));
  });
});

describe("The demo model's memory", () => {
  it("finds the user's latest name in the conversation", () => {
    assert.match(converse("Hi, my name is Ada"), /Nice to meet you, Ada!/);
    assert.equal(
      converse("My name is Ada and I like tea", "count to 3", "What is my name?"),
      "Your name is Ada.",
    );
    assert.equal(
      converse("My name is Ada", "No, call me Countess", "What's my name?"),
      "Your name is Countess.",
    );
  });

  it("says that it does not know a name that is not in the conversation", () => {
    assert.match(ask("What is my name?"), /not told me your name/);
  });
});

describe("The demo model's style", () => {
  it("keeps to a number of sentences, in prose but not in code", () => {
    const first = "Streaming means that an answer is sent while it is still being written.";
    assert.equal(ask("What is streaming?", "Answer in one sentence."), first);
    assert.equal(ask("What is streaming? Answer in 1 sentence."), first);
    assert.match(ask("Write a Fibonacci function", "Answer in one sentence."), /return a;[\s\S]+is 55\.$/);
    const story = ask("Tell me a story", "Answer in 2 sentences.");
    assert.match(
      story,
      /^Ines worked .+ robot\. It had no title, and it was always a little warm to the touch\.$/,
    );
  });

  it("greets like a pirate", () => {
    assert.match(ask("What is Node-RED?", "You are a pirate."), /^Arr, matey! Node-RED is a tool/);
  });

  it("says in the requested language that it goes on in English", () => {
    assert.match(ask("Explain streaming.", "Answer in German."), /^Ich kann .* Englisch weiter\. Streaming/);
  });

  it("reads a developer message like a system prompt", () => {
    const pirate = { role: "developer", content: "You are a pirate." };
    assert.match(answer([pirate, user("hello")]).content, /^Arr, matey! Hello/);
  });

  it("translates the phrases that it knows, and says so if it does not know one", () => {
    const system = "Translate what you are told into French.";
    assert.equal(ask("Good morning. ", system), "Bonjour");
    assert.match(ask("The cat sat on the mat.", system), /“The cat sat on the mat\.” is not among them/);
  });
});
