import assert from "node:assert/strict";
import { TextTemplate } from "../../../src/dialects/openai/text-template.js";

const record = (content: string, id = "a") =>
  `{"id":"${id}","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":null}]}`;

const textOf = (value: unknown) =>
  (value as { choices?: { delta?: { content?: unknown } }[] } | undefined)?.choices?.[0]?.delta?.content;

function learnt(data: string): TextTemplate {
  const template = new TextTemplate();
  template.learn(data, textOf);
  return template;
}

describe("The template of a stream's records", () => {
  it("knows nothing before it has learnt", () => {
    assert.equal(new TextTemplate().match(record("x")), undefined);
  });

  it("finds the text of a record that differs in nothing else", () => {
    const template = learnt(record("Hello"));
    for (const text of [
      "x",
      "two words",
      '"quoted"',
      "back\\slash\\",
      "\n\t\u0000",
      "水🙂\ud83d",
      '"},"finish_reason":"stop',
    ]) {
      assert.equal(template.match(record(text)), text);
    }
  });

  it("learns from a text that is written with escapes as well", () => {
    assert.equal(learnt(record('"\\\n')).match(record("x")), "x");
  });

  it("learns from JSON with spaces, and from a text that stands elsewhere too", () => {
    const spaced = (text: string) =>
      `{ "choices" : [ { "delta" : { "content" : "${text}" } } ] , "echo" : "same" }`;
    assert.equal(learnt(spaced("same")).match(spaced("other")), "other");
  });

  it("knows no record that differs anywhere else, nor one without text", () => {
    const template = learnt(record("Hello"));
    for (const other of [
      record("x", "b"),
      record(""),
      `${record("x")} `,
      record("x").slice(0, -1),
      record("x").replace("null", '"stop"'),
      record("x").replace('"x"', "null"),
      record("x").replace('"x"', '"x","content":"y"'),
      record("x").replace('"x"', '"\\q"'),
      record("x").replace('"x"', '"a\tb"'),
      '{"id":"a","choices":[{"index":0,"delta":{"content":"x',
      "",
      "[DONE]",
    ]) {
      assert.equal(template.match(other), undefined, other);
    }
  });

  it("learns nothing from a record whose first content is not the text", () => {
    const decoy = (text: string) => `{"content":"decoy","choices":[{"delta":{"content":"${text}"}}]}`;
    assert.equal(learnt(decoy("a")).match(decoy("b")), undefined);
    const twice = (text: string) => `{"choices":[{"delta":{"content":"${text}","content":"x"}}]}`;
    assert.equal(learnt(twice("a")).match(twice("b")), undefined);
    assert.equal(learnt('{"choices":[]}').match('{"choices":[]}'), undefined);
  });

  it("sees past padding behind the text, whatever it is, but not past anything else", () => {
    for (const field of ["obfuscation", "p"]) {
      const padded = (text: string, padding: string) =>
        `{"choices":[{"delta":{"content":"${text}"}}],"${field}":"${padding}","n":1}`;
      const template = learnt(padded("a", "xyz"));
      assert.equal(template.match(padded("b", "")), "b");
      assert.equal(template.match(padded("b", "longer than before")), "b");
      assert.equal(template.match(padded("b", 'x","usage":{},"y":"')), undefined);
      assert.equal(template.match(padded("b", "\\n")), undefined);
      assert.equal(template.match(padded("b", "x").replace('"n":1', '"n":2')), undefined);
    }
  });

  it("does not take a field for padding that only looks like it", () => {
    const inner = (text: string, padding: string) =>
      `{"choices":[{"delta":{"content":"${text}"},"p":"${padding}"}],"p":1}`;
    assert.equal(learnt(inner("a", "x")).match(inner("b", "y")), undefined);
  });

  it("is forgotten when another kind of record has come", () => {
    const template = learnt(record("a"));
    template.forget();
    assert.equal(template.match(record("b")), undefined);
  });

  it("gives up where hardly any record is like the one before", () => {
    const template = new TextTemplate();
    for (let at = 0; at < 40; at++) template.learn(record("a", `id${at}`), textOf);
    assert.equal(template.match(record("b", "id39")), undefined);
    template.learn(record("a"), textOf);
    assert.equal(template.match(record("b")), undefined);
  });

  it("does not give up where some records are", () => {
    const template = new TextTemplate();
    for (let at = 0; at < 40; at++) {
      template.learn(record("a", `id${at}`), textOf);
      assert.equal(template.match(record("b", `id${at}`)), "b");
    }
  });
});
