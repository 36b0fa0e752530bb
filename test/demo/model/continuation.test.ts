import assert from "node:assert/strict";
import fc from "fast-check";
import { type Answer, respond } from "../../../src/demo/model/responder.js";
import { readRequest } from "../../../src/demo/server/request.js";
import { user } from "../client.js";

function answer(messages: object[]): Answer {
  return respond(readRequest({ model: "demo", messages }).prompt);
}

function ask(question: string): string {
  return answer([user(question)]).content;
}

describe("demo responder, continuing", () => {
  const questions = [
    "Tell me a story about a fox",
    "count to 40",
    "什么是流式输出？",
    "repeat: a  b\n\n```js\n1\n```\n x",
    "What is JSON?",
  ];

  it("goes on exactly where a final assistant message stops, wherever that is", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...questions),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (question, share) => {
          const whole = ask(question);
          const prefix = whole.slice(0, Math.floor(whole.length * share));
          const rest = answer([user(question), { role: "assistant", content: prefix }]).content;
          assert.equal(prefix + rest, whole);
        },
      ),
    );
  });

  it("forgives a prefix whose ends were trimmed", () => {
    const whole = ask("Tell me a story about a fox");
    const paragraph = whole.indexOf("\n\n");
    const rest = answer([
      user("Tell me a story about a fox"),
      { role: "assistant", content: whole.slice(0, paragraph + 2).trim() },
    ]);
    assert.equal(rest.content, whole.slice(paragraph));
  });

  it("answers after words that are not its own", () => {
    assert.equal(
      answer([user("count to 3"), { role: "assistant", content: "Certainly:" }]).content,
      " 1, 2, 3.",
    );
  });

  it("has nothing to add to a whole answer", () => {
    assert.equal(answer([user("count to 3"), { role: "assistant", content: "1, 2, 3." }]).content, "");
  });

  it("goes on when a user message asks for it", () => {
    const question = user("Tell me a story about a fox");
    const whole = answer([question]).content;
    const said = whole.slice(0, 201);
    const ways: object[][] = [
      [question, { role: "assistant", content: said }, user("Please continue exactly where you stopped.")],
      [question, user(`You were interrupted after:\n\`\`\`\n${said}\n\`\`\`\nContinue from there.`)],
      [
        user(
          `Tell me a story about a fox\n\nSo far you wrote:\n"""\n${said}\n"""\nContinue without repeating it.`,
        ),
      ],
      [
        user(
          `The question was: "Tell me a story about a fox". Your answer was cut off after: "${said}" Please go on.`,
        ),
      ],
      [user(`Tell me a story about a fox\n\n<partial_answer>\n${said}\n</partial_answer>\n\nContinue.`)],
      [
        user(
          `Tell me a story about a fox\n\n${said
            .split("\n")
            .map((line) => `> ${line}`)
            .join("\n")}\n\nCarry on.`,
        ),
      ],
    ];
    for (const messages of ways)
      assert.equal(said + answer(messages).content, whole, JSON.stringify(messages));
  });

  it("goes on after a continuation that broke off too", () => {
    const question = user("Tell me a story about a fox");
    const whole = answer([question]).content;
    const messages: object[] = [question];
    for (const [from, to] of [
      [0, 50],
      [50, 133],
      [133, 300],
    ]) {
      messages.push({ role: "assistant", content: whole.slice(from, to) }, user("Continue."));
    }
    assert.equal(answer(messages).content, whole.slice(300));
  });
});
