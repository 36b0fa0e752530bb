import assert from "node:assert/strict";
import { Failure } from "../../../src/core/failure.js";
import {
  createContentTypeFailure,
  readFraming,
  refuseEncoded,
} from "../../../src/transport/records/framing.js";

const readType = (type?: string) => readFraming(type === undefined ? {} : { "content-type": type });
const isBadResponse = (thrown: unknown) =>
  thrown instanceof Failure && thrown.code === "bad_response" && thrown.retryable === false;

describe("Framing of a response", () => {
  it("is an event stream by its content type, whatever its parameters", () => {
    for (const type of [
      "text/event-stream",
      "Text/Event-Stream; charset=utf-8",
      " text/event-stream ;",
      "text/event-stream;foo",
    ]) {
      assert.equal(readType(type), "sse", type);
    }
  });

  it("is JSON by its content type", () => {
    for (const type of ["application/json", "application/json; charset=utf-8", "application/problem+json"]) {
      assert.equal(readType(type), "json", type);
    }
  });

  it("is JSON lines by the content types in use", () => {
    for (const type of ["application/x-ndjson", "application/ndjson; charset=utf-8", "application/jsonl"]) {
      assert.equal(readType(type), "ndjson", type);
    }
  });

  it("is decided by the body if the content type says nothing", () => {
    for (const type of [
      undefined,
      "",
      "text/plain",
      "text/plain; charset=utf-8",
      "application/octet-stream",
    ]) {
      assert.equal(readType(type), "sniff", type);
    }
  });

  it("is an event stream or JSON by the first of several types, with or without a semicolon", () => {
    for (const [type, framing] of [
      ["text/event-stream, text/event-stream", "sse"],
      ["text/event-stream,application/json", "sse"],
      ["text/event-stream charset=utf-8", "sse"],
      ["application/json, application/json", "json"],
      ["application/x-ndjson, text/plain", "ndjson"],
    ] as const) {
      assert.equal(readType(type), framing, type);
    }
  });

  it("is doubtful for a type that no service sends", () => {
    for (const type of ["text/html", "image/png", "text/event-streams", "event-stream", "text/json", "x"]) {
      assert.equal(readType(type), "doubtful", type);
    }
  });

  it("has a failure that names the type, shortened", () => {
    const failure = createContentTypeFailure("text/html; charset=utf-8");
    assert.ok(isBadResponse(failure));
    assert.match(failure.message, /with text\/html instead/);
    assert.ok(createContentTypeFailure(`x/${"y".repeat(1000)}`).message.length < 250);
  });

  it("is refused for a compressed body before the body is read", () => {
    for (const encoding of ["gzip", "br", "deflate, gzip", "zstd", "X-GZIP", "identity, gzip", "none,br"]) {
      assert.throws(() => refuseEncoded({ "content-encoding": encoding }), isBadResponse, encoding);
      assert.throws(
        () => readFraming({ "content-encoding": encoding, "content-type": "text/event-stream" }),
        isBadResponse,
      );
    }
    refuseEncoded({});
  });

  it("is read in spite of a content encoding that changes no bytes", () => {
    // Servers of event streams send `none` so that nothing compresses them.
    for (const encoding of [
      "identity",
      "Identity",
      "",
      "none",
      "None",
      "utf-8",
      "UTF8",
      "chunked",
      "identity, none",
    ]) {
      refuseEncoded({ "content-encoding": encoding });
      const headers = { "content-encoding": encoding, "content-type": "text/event-stream" };
      assert.equal(readFraming(headers), "sse", encoding);
    }
  });
});
