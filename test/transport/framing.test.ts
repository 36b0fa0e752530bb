import assert from "node:assert/strict";
import { Failure } from "../../src/core/failure.js";
import { readFraming, refuseEncoded } from "../../src/transport/framing.js";

const typed = (type?: string) => readFraming(type === undefined ? {} : { "content-type": type });
const bad = (thrown: unknown) =>
  thrown instanceof Failure && thrown.code === "bad_response" && thrown.retryable === false;

describe("The framing of a response", () => {
  it("is an event stream's by its content type, whatever parameters it has", () => {
    for (const type of [
      "text/event-stream",
      "Text/Event-Stream; charset=utf-8",
      " text/event-stream ;",
      "text/event-stream;foo",
    ]) {
      assert.equal(typed(type), "sse", type);
    }
  });

  it("is JSON by its content type", () => {
    for (const type of ["application/json", "application/json; charset=utf-8", "application/problem+json"]) {
      assert.equal(typed(type), "json", type);
    }
  });

  it("is that of lines by the names that are used for it", () => {
    for (const type of ["application/x-ndjson", "application/ndjson; charset=utf-8", "application/jsonl"]) {
      assert.equal(typed(type), "ndjson", type);
    }
  });

  it("is to be looked for where the content type does not tell", () => {
    for (const type of [
      undefined,
      "",
      "text/plain",
      "text/plain; charset=utf-8",
      "application/octet-stream",
    ]) {
      assert.equal(typed(type), "sniff", type);
    }
  });

  it("is refused where it is a page or something else, naming it and not more", () => {
    for (const type of ["text/html", "image/png", "text/event-streams", `x/${"y".repeat(1000)}`]) {
      assert.throws(() => typed(type), bad, type);
    }
    assert.throws(() => typed("text/html"), /text\/html/);
    assert.throws(
      () => typed(`x/${"y".repeat(1000)}`),
      (thrown) => (thrown as Failure).message.length < 250,
    );
  });

  it("is refused where the body is compressed, before it is read", () => {
    for (const encoding of ["gzip", "br", "deflate, gzip", "zstd"]) {
      assert.throws(() => refuseEncoded({ "content-encoding": encoding }), bad, encoding);
      assert.throws(
        () => readFraming({ "content-encoding": encoding, "content-type": "text/event-stream" }),
        bad,
      );
    }
    for (const encoding of ["identity", "Identity", ""]) refuseEncoded({ "content-encoding": encoding });
    refuseEncoded({});
  });
});
