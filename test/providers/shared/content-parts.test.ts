import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../../src/core/failure.js";
import { type ContentPart, readContentParts } from "../../../src/providers/shared/content-parts.js";
import { parseCallArguments } from "../../../src/providers/shared/past-calls.js";
import { createUnsupportedFailure } from "../../../src/providers/shared/unsupported.js";
import { anyJson } from "../../support/inputs/arbitraries.js";

/** Reads the only part of a content, without its `raw`. */
function readPart(content: unknown): Omit<ContentPart, "raw"> {
  const [part, ...others] = readContentParts({ role: "user", content }, "Message 0");
  assert.equal(others.length, 0);
  const { raw, ...fields } = part!;
  assert.equal(typeof raw, "object");
  return fields;
}

describe("Content parts of a message", () => {
  it("reads content that is a text, a part, a list of both, or null", () => {
    const part = { type: "text", text: "b" };
    const readKinds = (content: unknown) =>
      readContentParts({ role: "user", content }, "Message 0").map(({ kind }) => kind);
    assert.deepEqual(readKinds("a"), ["text"]);
    assert.deepEqual(readKinds(part), ["text"]);
    assert.deepEqual(readKinds(["a", part]), ["text", "text"]);
    assert.deepEqual(readKinds(null), []);
    assert.deepEqual(readKinds(undefined), []);
    assert.equal(readContentParts({ role: "user", content: [part] }, "Message 0")[0]!.raw, part);
  });

  it("reads text parts under all their type names", () => {
    for (const part of [
      { type: "text", text: "a" },
      { type: "input_text", text: "a" },
      { type: "output_text", text: "a" },
      { type: "refusal", refusal: "a" },
      { text: "a" },
    ]) {
      assert.deepEqual(readPart([part]), { kind: "text", text: "a" }, JSON.stringify(part));
    }
  });

  it("reads images and videos from a web address or a data URL", () => {
    const data = { mediaType: "image/png", base64: "AA==" };
    assert.deepEqual(readPart([{ type: "image_url", image_url: { url: "https://a/b" } }]), {
      kind: "image",
      url: "https://a/b",
    });
    for (const url of [
      "data:image/png;base64,AA==",
      "DATA:image/PNG;charset=x;base64,AA==",
      "data:image/png,%00",
    ]) {
      assert.deepEqual(readPart([{ type: "image_url", image_url: url }]), { kind: "image", data }, url);
    }
    assert.deepEqual(readPart([{ type: "input_image", image_url: "https://a/b" }]), {
      kind: "image",
      url: "https://a/b",
    });
    assert.deepEqual(readPart([{ type: "video_url", video_url: { url: "data:video/mp4;base64,AA==" } }]), {
      kind: "video",
      data: { mediaType: "video/mp4", base64: "AA==" },
    });
  });

  it("reads audio with the media type of its format", () => {
    const readMediaType = (input_audio: object) => {
      const part = readPart([{ type: "input_audio", input_audio }]);
      return (part as Extract<ContentPart, { kind: "audio" }>).data.mediaType;
    };
    assert.equal(readMediaType({ data: "AA==", format: "mp3" }), "audio/mpeg");
    assert.equal(readMediaType({ data: "AA==", format: "wav" }), "audio/wav");
    assert.equal(readMediaType({ data: "AA==" }), "audio/wav");
    assert.equal(readMediaType({ data: "data:audio/ogg;base64,AA==" }), "audio/ogg");
    assert.deepEqual(readPart([{ type: "audio_url", audio_url: { url: "https://a/b.mp3" } }]), {
      kind: "other",
      type: "audio_url",
    });
  });

  it("reads a file's media type from its data URL, else its name, else takes PDF", () => {
    const readFile = (file: object) => readPart([{ type: "file", file }]);
    const createData = (mediaType: string) => ({ mediaType, base64: "AA==" });
    assert.deepEqual(readFile({ file_data: "data:text/csv;base64,AA==", filename: "a.txt" }), {
      kind: "file",
      name: "a.txt",
      data: createData("text/csv"),
    });
    assert.deepEqual(readFile({ file_data: "AA==", filename: "a.MD" }), {
      kind: "file",
      name: "a.MD",
      data: createData("text/markdown"),
    });
    assert.deepEqual(readFile({ file_data: "AA==", filename: "a.mp3" }), {
      kind: "file",
      name: "a.mp3",
      data: createData("audio/mpeg"),
    });
    assert.deepEqual(readFile({ file_data: "AA==" }), { kind: "file", data: createData("application/pdf") });
    assert.deepEqual(readFile({ file_data: "AA==", filename: "a.constructor" }), {
      kind: "file",
      name: "a.constructor",
      data: createData("application/octet-stream"),
    });
    assert.deepEqual(readFile({ file_id: "f" }), { kind: "file", id: "f" });
    assert.deepEqual(readPart([{ type: "input_file", file_url: "https://a/b" }]), {
      kind: "file",
      url: "https://a/b",
    });
  });

  it("keeps a part of an unknown type for the service to decide", () => {
    assert.deepEqual(readPart([{ type: "search_result", title: "a" }]), {
      kind: "other",
      type: "search_result",
    });
  });

  it("reads any content, or fails with invalid_request that names the message", () => {
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

describe("Arguments of a past tool call", () => {
  it("parses call arguments to an object, and wraps invalid JSON in INVALID_JSON", () => {
    assert.deepEqual(parseCallArguments('{"a":1}'), { a: 1 });
    assert.deepEqual(parseCallArguments({ a: 1 }), { a: 1 });
    for (const none of ["", " ", null, undefined]) assert.deepEqual(parseCallArguments(none), {});
    for (const wrong of ['{"a":', "[1]", "1", '{"__proto__":{}}']) {
      assert.deepEqual(parseCallArguments(wrong), { INVALID_JSON: wrong });
    }
  });
});

describe("Unsupported part of a request", () => {
  it("creates a failure that names the unsupported part and the advice", () => {
    const { code, message, retryable } = createUnsupportedFailure("Acme", "audio (Message 1)", "Send text.");
    assert.deepEqual(
      [code, message, retryable],
      ["invalid_request", "Acme cannot take audio (Message 1). Send text.", false],
    );
  });
});
