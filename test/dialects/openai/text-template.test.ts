import assert from "node:assert/strict";
import { TextTemplate } from "../../../src/dialects/openai/text-template.js";

const createRecord = (content: string, id = "a") =>
  `{"id":"${id}","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":null}]}`;

const readText = (value: unknown) =>
  (value as { choices?: { delta?: { content?: unknown } }[] } | undefined)?.choices?.[0]?.delta?.content;

function learnTemplate(data: string): TextTemplate {
  const template = new TextTemplate();
  template.learn(data, readText);
  return template;
}

describe("Text template", () => {
  it("matches no record before a template is learnt", () => {
    assert.equal(new TextTemplate().match(createRecord("x")), undefined);
  });

  it("reads the text of a record that differs from the template in nothing else", () => {
    const template = learnTemplate(createRecord("Hello"));
    for (const text of [
      "x",
      "two words",
      '"quoted"',
      "back\\slash\\",
      "\n\t\u0000",
      "水🙂\ud83d",
      '"},"finish_reason":"stop',
    ]) {
      assert.equal(template.match(createRecord(text)), text);
    }
  });

  it("learns a template from a record whose text has escapes", () => {
    assert.equal(learnTemplate(createRecord('"\\\n')).match(createRecord("x")), "x");
  });

  it("learns a template from JSON with spaces, and from a text that another field repeats", () => {
    const spaced = (text: string) =>
      `{ "choices" : [ { "delta" : { "content" : "${text}" } } ] , "echo" : "same" }`;
    assert.equal(learnTemplate(spaced("same")).match(spaced("other")), "other");
  });

  it("does not match a record that differs from the template elsewhere or has no text", () => {
    const template = learnTemplate(createRecord("Hello"));
    for (const other of [
      createRecord("x", "b"),
      createRecord(""),
      `${createRecord("x")} `,
      createRecord("x").slice(0, -1),
      createRecord("x").replace("null", '"stop"'),
      createRecord("x").replace('"x"', "null"),
      createRecord("x").replace('"x"', '"x","content":"y"'),
      createRecord("x").replace('"x"', '"\\q"'),
      createRecord("x").replace('"x"', '"a\tb"'),
      '{"id":"a","choices":[{"index":0,"delta":{"content":"x',
      "",
      "[DONE]",
    ]) {
      assert.equal(template.match(other), undefined, other);
    }
  });

  it("learns no template from a record whose first content field is not the text", () => {
    const decoy = (text: string) => `{"content":"decoy","choices":[{"delta":{"content":"${text}"}}]}`;
    assert.equal(learnTemplate(decoy("a")).match(decoy("b")), undefined);
    const twice = (text: string) => `{"choices":[{"delta":{"content":"${text}","content":"x"}}]}`;
    assert.equal(learnTemplate(twice("a")).match(twice("b")), undefined);
    assert.equal(learnTemplate('{"choices":[]}').match('{"choices":[]}'), undefined);
  });

  it("ignores the padding behind the text, but no other difference", () => {
    for (const field of ["obfuscation", "p"]) {
      const padded = (text: string, padding: string) =>
        `{"choices":[{"delta":{"content":"${text}"}}],"${field}":"${padding}","n":1}`;
      const template = learnTemplate(padded("a", "xyz"));
      assert.equal(template.match(padded("b", "")), "b");
      assert.equal(template.match(padded("b", "longer than before")), "b");
      assert.equal(template.match(padded("b", 'x","usage":{},"y":"')), undefined);
      assert.equal(template.match(padded("b", "\\n")), undefined);
      assert.equal(template.match(padded("b", "x").replace('"n":1', '"n":2')), undefined);
    }
  });

  it("does not ignore a nested field with the name of padding", () => {
    const inner = (text: string, padding: string) =>
      `{"choices":[{"delta":{"content":"${text}"},"p":"${padding}"}],"p":1}`;
    assert.equal(learnTemplate(inner("a", "x")).match(inner("b", "y")), undefined);
  });

  it("matches no record after the template was forgotten", () => {
    const template = learnTemplate(createRecord("a"));
    template.forget();
    assert.equal(template.match(createRecord("b")), undefined);
  });

  it("stops learning templates if no record matches the one before", () => {
    const template = new TextTemplate();
    for (let at = 0; at < 40; at++) template.learn(createRecord("a", `id${at}`), readText);
    assert.equal(template.match(createRecord("b", "id39")), undefined);
    template.learn(createRecord("a"), readText);
    assert.equal(template.match(createRecord("b")), undefined);
  });

  it("goes on learning templates if some records match", () => {
    const template = new TextTemplate();
    for (let at = 0; at < 40; at++) {
      template.learn(createRecord("a", `id${at}`), readText);
      assert.equal(template.match(createRecord("b", `id${at}`)), "b");
    }
  });
});
