import assert from "node:assert/strict";
import fc from "fast-check";
import { type Answer, respond } from "../../../src/demo/model/responder.js";
import { readRequest } from "../../../src/demo/server/request.js";
import { user } from "../client.js";

function answer(messages: object[], fields: object = {}, choice = 0): Answer {
  return respond(readRequest({ model: "demo", messages, ...fields }).prompt, choice);
}

function ask(question: string, system?: string): string {
  return answer([...(system ? [{ role: "system", content: system }] : []), user(question)]).content;
}

/** A conversation of user messages, each with its answer. */
function talk(...questions: string[]): string {
  const messages: object[] = [];
  for (const question of questions) {
    messages.push(user(question));
    messages.push({ role: "assistant", content: answer(messages).content });
  }
  return answer(messages.slice(0, -1)).content;
}

describe("demo responder", () => {
  const cases: [string, string | RegExp][] = [
    ["Hello", /^(?:Hello|Hi)/],
    ["count to 12", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12."],
    ["Count to five", "1, 2, 3, 4, 5."],
    ["count down from 3", "3, 2, 1."],
    ["Count from 10 to 30 by tens", "10, 20, 30."],
    ["count to 999999", /, 10000 … and so on; I stop after 10000 numbers\.$/],
    ["What is 12 * 7?", "12 × 7 = 84."],
    ["what is 2 + 3 times 4", "2 + 3 × 4 = 14."],
    ["What is (2 + 3) * -4?", "(2 + 3) × -4 = -20."],
    ["What is 2 ^ 3 ^ 2?", "2 ^ 3 ^ 2 = 512."],
    ["what is 0.1 + 0.2", "0.1 + 0.2 = 0.3."],
    ["15% of 80?", /= 12\.$/],
    ["What is 1 / 0?", /divided by zero/],
    ["What is the square root of 144?", "The square root of 144 is 12."],
    ["What happened on 2024-05-06?", /demo/],
    ["List three planets", /1\. Mercury\n2\. Venus\n3\. Earth$/],
    [
      "Give me 4 tips for learning the piano",
      /^Here is my list on learning the piano:\n\n1\. .+\n2\. .+\n3\. .+\n4\. .+$/,
    ],
    ["Write a haiku about rain", /^Rain\n\n.+\n.+\n.+$/],
    ["What is streaming?", /^Streaming means/],
    ["Explain Node-RED, please", /^Node-RED is/],
    ["Write a JavaScript function for fibonacci", /```javascript\nfunction fibonacci[\s\S]+```/],
    ["Write fizzbuzz code in Python", /only language[\s\S]+```javascript/],
    ["repeat: Hello   World!", "Hello   World!"],
    ["Please repeat after me: “one, two”", "one, two"],
    ["Reply with only the word OK", "OK"],
    ["Translate 'good morning' to German", "Guten Morgen"],
    ["How do you say thank you in French?", "Merci"],
    ["Translate to Spanish: hello", "Hola"],
    ["Translate to German: The cat sat on the mat", /leave it untranslated/],
    ["What is the capital of Portugal?", "The capital of Portugal is Lisbon."],
    ["Summarise: First thing. Second thing. Third thing.", /^In short: First thing\. Third thing\./],
    ["What is the weather in Paris?", /tool/],
    ["", /empty/],
    ["你好", /^您好！/],
    ["请讲一个关于月亮的故事", /月亮/],
    ["数到4", "1、2、3、4。"],
  ];
  for (const [question, expected] of cases) {
    it(`answers ${JSON.stringify(question)}`, () => {
      if (typeof expected === "string") assert.equal(ask(question), expected);
      else assert.match(ask(question), expected);
    });
  }

  it("answers Chinese in Chinese, in several sentences", () => {
    assert.ok((ask("什么是流式输出？").match(/[。！？]/g) ?? []).length >= 4);
  });

  it("tells a story about what was asked for, longer or shorter as asked", () => {
    const story = ask("Tell me a story about a dragon who learns to code.");
    assert.ok((story.match(/a dragon who learns to code/g) ?? []).length >= 2);
    const length = (kind: string) => ask(`Tell me a ${kind} story about tea`).length;
    assert.ok(length("short") < length("good") && length("good") < length("long"));
  });

  it("writes as many words as were asked for, give or take a sentence", () => {
    for (const count of [50, 400, 3_000]) {
      const words = ask(`Write ${count} words about rivers`).split(/\s+/).length;
      assert.ok(words >= count && words < count + 60, `${words} for ${count}`);
    }
  });

  it("quotes a question that it cannot answer, shortened where it is long", () => {
    assert.match(ask("Which cheese goes with figs?"), /“Which cheese goes with figs\?”/);
    assert.ok(ask("blah ".repeat(5_000)).length < 1_000);
  });

  it("says that an attachment came which it cannot see", () => {
    const parts = [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url: "data:," } },
    ];
    assert.match(answer([{ role: "user", content: parts }]).content, /attachment/);
  });

  it("writes JavaScript that runs", () => {
    const run = (question: string, name: string, ...args: unknown[]): unknown => {
      const code = /```javascript\n([\s\S]+?)```/.exec(ask(question))![1]!;
      return (new Function(`${code}; return ${name};`)() as (...given: unknown[]) => unknown)(...args);
    };
    assert.equal(run("Write a function for fibonacci numbers", "fibonacci", 10), 55);
    assert.equal(run("Write a factorial function", "factorial", 5), 120n);
    assert.equal(run("Write a function that tests for primes", "isPrime", 97), true);
    assert.equal(run("Write a function that reverses a string", "reverse", "ab😀"), "😀ba");
  });

  it("gives the same answer to the same conversation, and another one to another choice", () => {
    const question = [user("Tell me a story about a fox")];
    assert.deepEqual(answer(question), answer(question));
    assert.notEqual(answer(question).content, answer(question, {}, 1).content);
  });

  it("answers anything at all, at once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", maxLength: 60 }), { minLength: 1, maxLength: 5 }),
        (texts) => {
          const { content } = answer(texts.map(user));
          assert.equal(typeof content, "string");
          assert.ok(content.length > 0);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("does not choke on long and hostile text", function () {
    this.timeout(10_000);
    const hostile = [
      "(",
      "a ",
      "A ",
      "1+",
      "\n",
      '"',
      "“",
      " ",
      "my name is ",
      "```\n",
      "> x\n",
      "<a>",
      "to ",
      ". ",
      "1. ",
    ];
    const started = performance.now();
    for (const piece of hostile) {
      ask(piece.repeat(100_000));
      for (const start of ["continue ", "repeat", "summarise: ", "translate ", "what is ", "my name is "]) {
        ask(start + piece.repeat(20_000));
      }
    }
    assert.ok(performance.now() - started < 5_000, `${performance.now() - started} ms`);
  });
});

describe("demo responder, memory", () => {
  it("knows a name that was told some turns ago", () => {
    assert.match(talk("Hi, my name is Ada"), /Ada/);
    assert.equal(
      talk("My name is Ada and I like tea", "count to 3", "What is my name?"),
      "Your name is Ada.",
    );
    assert.equal(talk("I'm Grace.", "Who am I?"), "Your name is Grace.");
    assert.equal(talk("My name is Ada", "No, call me Countess", "What's my name?"), "Your name is Countess.");
  });

  it("knows other things that were told, and says so where it was told nothing", () => {
    assert.equal(
      talk("My favorite colour is green", "hello", "what is my favourite colour?"),
      "Your favourite colour is green.",
    );
    assert.equal(talk("I live in Paris.", "Where do I live?"), "You live in Paris.");
    assert.match(ask("What is my name?"), /not told me your name/);
  });

  it("knows what was asked before and how often", () => {
    assert.equal(talk("count to 3", "hello", "What did I ask before?"), "Before this you said “hello”.");
    assert.equal(
      talk("count to 3", "hello", "What was my first question?"),
      "Your first message was “count to 3”.",
    );
    assert.match(talk("a", "b", "How many questions have I asked so far?"), /3 messages/);
    assert.match(ask("What did I ask before?"), /first message/);
  });

  it("remembers a name in Chinese too", () => {
    assert.equal(talk("我叫小明。", "我叫什么名字？"), "您叫小明。");
  });
});

describe("demo responder, system prompts", () => {
  it("keeps to a number of sentences or words", () => {
    assert.equal(
      ask("What is streaming?", "Answer in one sentence."),
      "Streaming means that an answer is sent while it is still being written.",
    );
    assert.equal(ask("What is Node-RED? Answer in 4 words or so, at most 4 words."), "Node-RED is a tool …");
    assert.equal(
      ask("List three planets", "Answer in one sentence."),
      "Here are 3 planets: Mercury, Venus and Earth.",
    );
  });

  it("speaks in capitals, but leaves code as it is", () => {
    const text = ask("Write a function that says hello", "Answer in capitals.");
    assert.match(text, /^HERE YOU ARE/);
    assert.match(text, /function greet/);
    assert.match(ask("hello", "You shout."), /^[^a-z]+$/);
  });

  it("talks like a pirate", () => {
    assert.match(ask("What is Node-RED?", "You are a pirate."), /^Arr, matey! Node-RED be a tool/);
  });

  it("begins and ends as it is told", () => {
    assert.equal(ask("count to 2", 'Always end your answer with "Over."'), "1, 2. Over.");
    assert.equal(ask("count to 2", "Start every answer with 'Well,'"), "Well, 1, 2.");
  });

  it("bears the name that it is given", () => {
    assert.match(ask("What is your name?", "You are Bolt, a robot."), /^My name is Bolt\./);
  });

  it("admits in the language asked for that it does not speak it", () => {
    assert.match(ask("What is a token?", "Answer in German."), /^Ich kann .* Englisch weiter\. A token/);
  });

  it("takes a developer message for a system prompt", () => {
    assert.match(
      answer([{ role: "developer", content: "Answer in capitals." }, user("hello")]).content,
      /^[^a-z]+$/,
    );
  });
});
