import assert from "node:assert/strict";
import { framingOf, isEncoded, sniff } from "../../src/transport/framing.js";
import { isFailure } from "../support/asking.js";

describe("How a body is to be read", () => {
  const TYPES: [string | string[] | undefined, string][] = [
    ["text/event-stream", "sse"],
    ["Text/Event-Stream; charset=utf-8", "sse"],
    [["text/event-stream", "text/html"], "sse"],
    ["application/json", "json"],
    ["application/json;charset=UTF-8", "json"],
    ["application/problem+json", "json"],
    ["text/plain", "sniff"],
    ["application/octet-stream", "sniff"],
    ["", "sniff"],
    [undefined, "sniff"],
  ];
  for (const [type, framing] of TYPES) {
    it(`${JSON.stringify(type)} is ${framing}`, () => {
      assert.equal(framingOf({ "content-type": type }), framing);
    });
  }

  for (const type of ["text/html", "image/png", "multipart/mixed", "application/xml"]) {
    it(`${type} is no answer`, () => {
      assert.throws(() => framingOf({ "content-type": type }), isFailure("bad_response"));
    });
  }

  it("a type without end is not quoted without end", () => {
    assert.throws(
      () => framingOf({ "content-type": "x".repeat(10_000) }),
      (error: Error) => error.message.length < 300,
    );
  });

  it("anything but identity has to be inflated, which is not done", () => {
    for (const encoding of ["gzip", "br", "deflate", "zstd", "identity, gzip", " GZIP "]) {
      assert.equal(isEncoded({ "content-encoding": encoding }), true, encoding);
      assert.throws(
        () => framingOf({ "content-type": "text/event-stream", "content-encoding": encoding }),
        isFailure("bad_response"),
      );
    }
    for (const encoding of ["identity", "Identity", "", undefined]) {
      assert.equal(isEncoded({ "content-encoding": encoding }), false);
    }
  });

  it("without a type the first character tells, once it is there", () => {
    assert.equal(sniff(""), undefined);
    assert.equal(sniff(" \r\n"), undefined);
    assert.equal(sniff(' {"a"'), "json");
    assert.equal(sniff("\n["), "json");
    assert.equal(sniff("data: {}"), "sse");
    assert.equal(sniff(": hello"), "sse");
  });
});
