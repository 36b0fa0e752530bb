import assert from "node:assert/strict";
import fc from "fast-check";
import { ThinkingSplitter } from "../../src/dialects/thinking.js";

/** Splits a text that arrives in pieces. */
function splitPieces(pieces: readonly string[]): { content: string; reasoning: string } {
  const splitter = new ThinkingSplitter();
  const parts = [...pieces.map((piece) => splitter.split(piece)), splitter.split("", true)];
  return {
    content: parts.map(({ content }) => content).join(""),
    reasoning: parts.map(({ reasoning }) => reasoning).join(""),
  };
}

/** Cuts a text at places. */
function cutAt(text: string, cuts: readonly number[]): string[] {
  const places = [0, ...[...cuts].sort((one, other) => one - other), text.length];
  return places.slice(1).map((place, at) => text.slice(places[at], place));
}

const anyWord = fc.constantFrom(
  "<think>",
  "</think>",
  "<thinking>",
  "</thinking>",
  "<th",
  "ink>",
  "<",
  "</",
  ">",
  " ",
  "\n",
  "\u00a0",
  "a < b",
  "👋🏽",
  "<b>",
);
const anyText = fc.array(anyWord, { maxLength: 12 }).map((words) => words.join(""));

describe("Reasoning between <think> tags", () => {
  const cases: readonly [title: string, text: string, reasoning: string, content: string][] = [
    ["separates reasoning from the answer behind it", "<think>hm</think>Hello", "hm", "Hello"],
    ["separates reasoning in <thinking> tags, too", "<thinking>hm</thinking>\n\nHello", "hm", "\n\nHello"],
    ["separates reasoning that follows white space", "\n\u00a0<think>hm</think>Hello", "hm", "\n\u00a0Hello"],
    ["joins two parts of reasoning before the answer", "<think>a</think>\n<think>b</think>c", "ab", "\nc"],
    [
      "keeps pairs of tags inside the reasoning",
      "<think>a<think>b</think>c</think>d",
      "a<think>b</think>c",
      "d",
    ],
    ["keeps reasoning whose closing tag is missing", "<think>and so on", "and so on", ""],
    ["keeps reasoning whose closing tag is cut off", "<think>and so on</thin", "and so on</thin", ""],
    ["removes the tags of empty reasoning", "<think></think>Hello", "", "Hello"],
    ["separates reasoning that no answer follows", "<think>hm</think>", "hm", ""],
    ...[
      ["<inner_thoughts>", "</inner_thoughts>"],
      ["<antThinking>", "</antThinking>"],
      ["<mm:think>", "</mm:think>"],
      ["<scratchpad>", "</scratchpad>"],
      ["<internal_monologue>", "</internal_monologue>"],
      ["<|think|>", "<|/think|>"],
      ["<start_of_thought>", "<end_of_thought>"],
      ["<|START_THINKING|>", "<|END_THINKING|>"],
      ["[THINK]", "[/THINK]"],
      ["<unused94>thought", "<unused95>"],
      ["<think >", "</think >"],
      ['<thinking type="deep">', "</thinking>"],
    ].map(
      ([open, close]) =>
        [`separates reasoning between ${open} and ${close}`, `${open}hm${close}Hello`, "hm", "Hello"] as [
          string,
          string,
          string,
          string,
        ],
    ),
  ];
  for (const [title, text, reasoning, content] of cases) {
    it(title, () => {
      assert.deepEqual(splitPieces([text]), { content, reasoning });
      assert.deepEqual(splitPieces([...text]), { content, reasoning }, "in single characters");
    });
  }

  const answers: readonly [place: string, text: string][] = [
    ["in the middle of the answer", "Use <think>x</think> for this."],
    ["with other names", "<note>x</note>"],
    ["with longer names", "<thinkpad>x</thinkpad>"],
    ["with the attributes of another tag", '<div class="think">x</div>'],
    ["without an end", `<think ${"x".repeat(200)}`],
    ["in a link", "[thinking of it](https://example.com)"],
    ["that are incomplete", "<thin"],
    ["that only close", "</think>Hello"],
  ];
  for (const [place, text] of answers) {
    it(`leaves a text with tags ${place} as it is`, () =>
      assert.deepEqual(splitPieces([text]), { content: text, reasoning: "" }));
  }

  it("holds back the end of a text only if it may be the beginning of a tag", () => {
    const splitter = new ThinkingSplitter();
    assert.equal(splitter.split(" \n").content, " \n");
    assert.equal(splitter.split("<t").content, "");
    assert.equal(splitter.split("r>").content, "<tr>");
    assert.equal(splitter.split("a < b <").content, "a < b <");
  });

  it("passes reasoning on as it arrives", () => {
    const splitter = new ThinkingSplitter();
    assert.equal(splitter.split("<think>so").reasoning, "so");
    assert.equal(splitter.split(" a < b <").reasoning, " a < b ");
    assert.equal(splitter.split("c").reasoning, "<c");
  });

  it("splits a text in the same way wherever it is cut into pieces", () => {
    fc.assert(
      fc.property(anyText, fc.array(fc.nat(80), { maxLength: 20 }), (text, cuts) => {
        const inside = cuts.map((cut) => Math.min(cut, text.length));
        assert.deepEqual(splitPieces(cutAt(text, inside)), splitPieces([text]));
      }),
    );
  });

  it("removes nothing from a text but the tags", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { content, reasoning } = splitPieces([text]);
        // Tags are removed from each part before the parts are joined, because the joint could look like a tag.
        const sortCharacters = (...parts: string[]) =>
          [...parts.map((part) => part.replace(/<\/?think(ing)?>/g, "")).join("")].sort().join("");
        // Without a tag, the pieces on both sides of it may form another one. Such texts are left out.
        fc.pre(!/<\/?think(ing)?>/.test(text.replace(/<\/?think(ing)?>/g, "")));
        assert.equal(sortCharacters(content, reasoning), sortCharacters(text));
      }),
      { examples: [["<think>ink></think><th"]] },
    );
  });
});
