import assert from "node:assert/strict";
import fc from "fast-check";
import { ThinkingSplitter } from "../../src/dialects/thinking.js";

/** What a splitter makes of pieces. */
function split(pieces: readonly string[]): { content: string; reasoning: string } {
  const splitter = new ThinkingSplitter();
  const parts = [...pieces.map((piece) => splitter.split(piece)), splitter.split("", true)];
  return {
    content: parts.map(({ content }) => content).join(""),
    reasoning: parts.map(({ reasoning }) => reasoning).join(""),
  };
}

/** A text in pieces, cut at the given places. */
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

describe("Reasoning between tags", () => {
  const cases: readonly [what: string, text: string, reasoning: string, content: string][] = [
    ["goes before the answer", "<think>hm</think>Hello", "hm", "Hello"],
    ["may have the longer name", "<thinking>hm</thinking>\n\nHello", "hm", "\n\nHello"],
    ["may follow blanks", "\n\u00a0<think>hm</think>Hello", "hm", "\n\u00a0Hello"],
    ["may come in two parts before the answer", "<think>a</think>\n<think>b</think>c", "ab", "\nc"],
    ["keeps pairs that stand within", "<think>a<think>b</think>c</think>d", "a<think>b</think>c", "d"],
    ["is not lost where its end never comes", "<think>and so on", "and so on", ""],
    ["is not lost where its end is cut off", "<think>and so on</thin", "and so on</thin", ""],
    ["may be empty", "<think></think>Hello", "", "Hello"],
    ["may be all there is", "<think>hm</think>", "hm", ""],
  ];
  for (const [what, text, reasoning, content] of cases) {
    it(what, () => assert.deepEqual(split([text]), { content, reasoning }));
  }

  const plain: readonly [what: string, text: string][] = [
    ["in the middle of the answer", "Use <think>x</think> for this."],
    ["of other names", "<thought>x</thought>"],
    ["that are only begun", "<thin"],
    ["that only end", "</think>Hello"],
  ];
  for (const [what, text] of plain) {
    it(`is none in tags ${what}`, () => assert.deepEqual(split([text]), { content: text, reasoning: "" }));
  }

  it("holds nothing back that cannot be the beginning of a tag", () => {
    const splitter = new ThinkingSplitter();
    assert.equal(splitter.split(" \n").content, " \n");
    assert.equal(splitter.split("<t").content, "");
    assert.equal(splitter.split("r>").content, "<tr>");
    assert.equal(splitter.split("a < b <").content, "a < b <");
  });

  it("tells reasoning as it comes, and not only at its end", () => {
    const splitter = new ThinkingSplitter();
    assert.equal(splitter.split("<think>so").reasoning, "so");
    assert.equal(splitter.split(" a < b <").reasoning, " a < b ");
    assert.equal(splitter.split("c").reasoning, "<c");
  });

  it("is the same however the text is cut", () => {
    fc.assert(
      fc.property(anyText, fc.array(fc.nat(80), { maxLength: 20 }), (text, cuts) => {
        const inside = cuts.map((cut) => Math.min(cut, text.length));
        assert.deepEqual(split(cutAt(text, inside)), split([text]));
      }),
    );
  });

  it("takes nothing from a text but the tags around it", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { content, reasoning } = split([text]);
        // What a tag stands between is told apart, and must not make one by being put together.
        const bare = (...said: string[]) =>
          [...said.map((each) => each.replace(/<\/?think(ing)?>/g, "")).join("")].sort().join("");
        // Pieces on both sides of a tag may make one together: only a text without such is compared as a whole.
        fc.pre(!/<\/?think(ing)?>/.test(text.replace(/<\/?think(ing)?>/g, "")));
        assert.equal(bare(content, reasoning), bare(text));
      }),
      { examples: [["<think>ink></think><th"]] },
    );
  });
});
