import assert from "node:assert/strict";
import fc from "fast-check";
import { type DemoAnswer, respond } from "../../../src/demo/model/responder.js";
import { readDemoRequest } from "../../../src/demo/server/chat/request.js";
import { assertCheap } from "../../support/speed.js";
import { user } from "../client.js";

function answer(messages: object[]): DemoAnswer {
  return respond(readDemoRequest({ model: "demo", messages }).prompt);
}

function ask(question: string): string {
  return answer([user(question)]).content;
}

describe("The demo model, asked to continue", () => {
  const questions = [
    "Tell me a story about a fox",
    "count to 40",
    "repeat: a  b\n\n```js\n1\n```\n x",
    "Explain streaming.",
  ];

  it("goes on exactly where a final assistant message stops", () => {
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

  it("goes on if the white space at the end of the message was trimmed", () => {
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

  it("adds nothing to a whole answer", () => {
    assert.equal(answer([user("count to 3"), { role: "assistant", content: "1, 2, 3." }]).content, "");
  });

  it("goes on if a user message asks for it and quotes the answer in one of the usual ways", () => {
    const question = user("Tell me a story about a fox");
    const whole = answer([question]).content;
    const begun = whole.slice(0, 201);
    const ways: object[][] = [
      [question, { role: "assistant", content: begun }, user("Please continue exactly where you stopped.")],
      [question, user(`You were interrupted after:\n\`\`\`\n${begun}\n\`\`\`\nContinue from there.`)],
      [
        user(
          `Tell me a story about a fox\n\nSo far you wrote:\n"""\n${begun}\n"""\nContinue without repeating it.`,
        ),
      ],
      [
        user(
          `The question was: "Tell me a story about a fox". Your answer was cut off after: "${begun}" Please go on.`,
        ),
      ],
      [user(`Tell me a story about a fox\n\n<partial_answer>\n${begun}\n</partial_answer>\n\nContinue.`)],
      [
        user(
          `Tell me a story about a fox\n\n${begun
            .split("\n")
            .map((line) => `> ${line}`)
            .join("\n")}\n\nCarry on.`,
        ),
      ],
    ];
    for (const messages of ways)
      assert.equal(begun + answer(messages).content, whole, JSON.stringify(messages));
  });

  it("answers many requests to go on quickly if there is nothing to go on from", () => {
    const request = user('Please continue.\n\nThe question was "continue".');
    assert.ok(assertCheap(() => answer(Array.from({ length: 40 }, () => request))).content);
  });

  it("goes on after a continuation that also broke off", () => {
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
