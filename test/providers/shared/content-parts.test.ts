import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../../src/core/failure.js";
import { type ContentPart, readContentParts } from "../../../src/providers/shared/content-parts.js";
import { parseCallArguments } from "../../../src/providers/shared/past-calls.js";
import { createUnsupportedFailure } from "../../../src/providers/shared/unsupported.js";
import { anyJson } from "../../support/inputs/arbitraries.js";

/** The one part that a content is, without the author's own. */
function partOf(content: unknown): Omit<ContentPart, "raw"> {
  const [part, ...others] = readContentParts({ role: "user", content }, "Message 0");
  assert.equal(others.length, 0);
  const { raw, ...told } = part!;
  assert.equal(typeof raw, "object");
  return told;
}

describe("The content of a message", () => {
  it("is a text, a part, a list of both, or nothing", () => {
    const part = { type: "text", text: "b" };
    const kinds = (content: unknown) =>
      readContentParts({ role: "user", content }, "Message 0").map(({ kind }) => kind);
    assert.deepEqual(kinds("a"), ["text"]);
    assert.deepEqual(kinds(part), ["text"]);
    assert.deepEqual(kinds(["a", part]), ["text", "text"]);
    assert.deepEqual(kinds(null), []);
    assert.deepEqual(kinds(undefined), []);
    assert.equal(readContentParts({ role: "user", content: [part] }, "Message 0")[0]!.raw, part);
  });

  it("is text under all its names", () => {
    for (const part of [
      { type: "text", text: "a" },
      { type: "input_text", text: "a" },
      { type: "output_text", text: "a" },
      { type: "refusal", refusal: "a" },
      { text: "a" },
    ]) {
      assert.deepEqual(partOf([part]), { kind: "text", text: "a" }, JSON.stringify(part));
    }
  });

  it("is a picture or a film, by its address or in a data URL", () => {
    const data = { mediaType: "image/png", base64: "AA==" };
    assert.deepEqual(partOf([{ type: "image_url", image_url: { url: "https://a/b" } }]), {
      kind: "image",
      url: "https://a/b",
    });
    for (const url of [
      "data:image/png;base64,AA==",
      "DATA:image/PNG;charset=x;base64,AA==",
      "data:image/png,%00",
    ]) {
      assert.deepEqual(partOf([{ type: "image_url", image_url: url }]), { kind: "image", data }, url);
    }
    assert.deepEqual(partOf([{ type: "input_image", image_url: "https://a/b" }]), {
      kind: "image",
      url: "https://a/b",
    });
    assert.deepEqual(partOf([{ type: "video_url", video_url: { url: "data:video/mp4;base64,AA==" } }]), {
      kind: "video",
      data: { mediaType: "video/mp4", base64: "AA==" },
    });
  });

  it("is sound, under the media type that its format has", () => {
    const typeOf = (input_audio: object) => {
      const part = partOf([{ type: "input_audio", input_audio }]);
      return (part as Extract<ContentPart, { kind: "audio" }>).data.mediaType;
    };
    assert.equal(typeOf({ data: "AA==", format: "mp3" }), "audio/mpeg");
    assert.equal(typeOf({ data: "AA==", format: "wav" }), "audio/wav");
    assert.equal(typeOf({ data: "AA==" }), "audio/wav");
    assert.equal(typeOf({ data: "data:audio/ogg;base64,AA==" }), "audio/ogg");
    assert.deepEqual(partOf([{ type: "audio_url", audio_url: { url: "https://a/b.mp3" } }]), {
      kind: "other",
      type: "audio_url",
    });
  });

  it("is a file, whose media type is told by its data URL, else by its name, else PDF", () => {
    const fileOf = (file: object) => partOf([{ type: "file", file }]);
    const data = (mediaType: string) => ({ mediaType, base64: "AA==" });
    assert.deepEqual(fileOf({ file_data: "data:text/csv;base64,AA==", filename: "a.txt" }), {
      kind: "file",
      name: "a.txt",
      data: data("text/csv"),
    });
    assert.deepEqual(fileOf({ file_data: "AA==", filename: "a.MD" }), {
      kind: "file",
      name: "a.MD",
      data: data("text/markdown"),
    });
    assert.deepEqual(fileOf({ file_data: "AA==", filename: "a.mp3" }), {
      kind: "file",
      name: "a.mp3",
      data: data("audio/mpeg"),
    });
    assert.deepEqual(fileOf({ file_data: "AA==" }), { kind: "file", data: data("application/pdf") });
    assert.deepEqual(fileOf({ file_data: "AA==", filename: "a.constructor" }), {
      kind: "file",
      name: "a.constructor",
      data: data("application/octet-stream"),
    });
    assert.deepEqual(fileOf({ file_id: "f" }), { kind: "file", id: "f" });
    assert.deepEqual(partOf([{ type: "input_file", file_url: "https://a/b" }]), {
      kind: "file",
      url: "https://a/b",
    });
  });

  it("of any other kind is the service's business", () => {
    assert.deepEqual(partOf([{ type: "search_result", title: "a" }]), {
      kind: "other",
      type: "search_result",
    });
  });

  it("is read, or refused by its place, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyJson,
          fc.record(
            {
              type: fc.constantFrom("text", "image_url", "input_audio", "file", "video_url", "constructor"),
              text: anyJson,
              image_url: anyJson,
              input_audio: anyJson,
              file: anyJson,
              video_url: anyJson,
            },
            { requiredKeys: ["type"] },
          ),
        ),
        (content) => {
          try {
            readContentParts({ role: "user", content }, "Message 7");
          } catch (thrown) {
            assert.ok(thrown instanceof Failure, String(thrown));
            assert.equal(thrown.code, "invalid_request");
            assert.ok(thrown.message.startsWith("Message 7 has "), thrown.message);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("The arguments of a tool call in the conversation", () => {
  it("are an object, whatever the model wrote", () => {
    assert.deepEqual(parseCallArguments('{"a":1}'), { a: 1 });
    assert.deepEqual(parseCallArguments({ a: 1 }), { a: 1 });
    for (const none of ["", " ", null, undefined]) assert.deepEqual(parseCallArguments(none), {});
    for (const wrong of ['{"a":', "[1]", "1", '{"__proto__":{}}']) {
      assert.deepEqual(parseCallArguments(wrong), { INVALID_JSON: wrong });
    }
  });
});

describe("What a service cannot take", () => {
  it("is named, with what to do instead", () => {
    const { code, message, retryable } = createUnsupportedFailure("Acme", "audio (Message 1)", "Send text.");
    assert.deepEqual(
      [code, message, retryable],
      ["invalid_request", "Acme cannot take audio (Message 1). Send text.", false],
    );
  });
});
