import assert from "node:assert/strict";
import type { FailureCode, Phase } from "../../src/index.js";
import { ConnectError, createTransportFailure } from "../../src/transport/errors.js";

const coded = (code: string, message = `it was ${code}`, cause?: Error): Error =>
  Object.assign(new Error(message, cause ? { cause } : {}), { code });

const parser = (reason: string): Error =>
  Object.assign(new Error(`Response does not match the HTTP/1.1 protocol (${reason})`), {
    name: "HTTPParserError",
    code: undefined,
  });

type Row = [error: unknown, code: FailureCode, phase: Phase, retryable: boolean];

const BEFORE: Record<string, Row> = {
  "a refused connection": [coded("ECONNREFUSED"), "connection", "connect", true],
  "an unknown host name": [coded("ENOTFOUND"), "connection", "connect", true],
  "a failing name server": [coded("EAI_AGAIN"), "connection", "connect", true],
  "an unreachable network": [coded("ENETUNREACH"), "connection", "connect", true],
  "too many open files": [coded("EMFILE"), "connection", "connect", true],
  "a connect timeout": [coded("UND_ERR_CONNECT_TIMEOUT"), "timeout", "connect", true],
  "a timeout of the system": [coded("ETIMEDOUT"), "timeout", "connect", true],
  "an expired certificate": [coded("CERT_HAS_EXPIRED"), "connection", "connect", false],
  "a certificate for another name": [coded("ERR_TLS_CERT_ALTNAME_INVALID"), "connection", "connect", false],
  "a server without TLS": [coded("EPROTO"), "connection", "connect", false],
  "a headers timeout": [coded("UND_ERR_HEADERS_TIMEOUT"), "timeout", "headers", true],
  "too many headers": [coded("UND_ERR_HEADERS_OVERFLOW"), "bad_response", "headers", false],
  "a response that is not HTTP": [parser("Expected HTTP/"), "bad_response", "headers", false],
  "an invalid request": [coded("UND_ERR_INVALID_ARG"), "configuration", "connect", false],
  "a status 100 that nobody asked for": [
    coded("UND_ERR_SOCKET", "bad response"),
    "bad_response",
    "headers",
    false,
  ],
  "a status 101": [coded("UND_ERR_SOCKET", "bad upgrade"), "bad_response", "headers", false],
  "a closed socket": [coded("UND_ERR_SOCKET"), "connection", "connect", true],
  "connections that were closed here": [coded("UND_ERR_DESTROYED"), "connection", "connect", true],
  "connections that are being closed here": [coded("UND_ERR_CLOSED"), "connection", "connect", true],
  "an error without a code": [new Error("boo"), "connection", "connect", true],
  "a thrown text": ["boo", "connection", "connect", true],
  "several failed addresses": [
    new AggregateError([coded("ENETUNREACH"), coded("ECONNREFUSED")], "all failed"),
    "connection",
    "connect",
    true,
  ],
  "nested errors": [
    new Error("fetch failed", { cause: new Error("x", { cause: coded("ETIMEDOUT") }) }),
    "timeout",
    "connect",
    true,
  ],
  "a proxy that refuses": [
    new ConnectError(coded("UND_ERR_ABORTED", "Proxy response (407) !== 200 when HTTP Tunneling")),
    "connection",
    "connect",
    false,
  ],
  "a proxy that cannot reach the service": [
    new ConnectError(coded("UND_ERR_ABORTED", "Proxy response (503) !== 200 when HTTP Tunneling")),
    "connection",
    "connect",
    true,
  ],
  "a proxy that does not speak HTTP": [
    new ConnectError(parser("Expected HTTP/")),
    "connection",
    "connect",
    true,
  ],
  "an expired certificate while connecting": [
    new ConnectError(coded("CERT_HAS_EXPIRED")),
    "connection",
    "connect",
    false,
  ],
};

const AFTER: Record<string, Row> = {
  "a reset connection": [coded("ECONNRESET"), "interrupted", "streaming", true],
  "a closed connection": [coded("UND_ERR_SOCKET"), "interrupted", "streaming", true],
  "a dead peer": [coded("ETIMEDOUT"), "interrupted", "streaming", true],
  "a TLS alert": [coded("EPROTO"), "interrupted", "streaming", true],
  "a body that is too short": [
    coded("UND_ERR_RES_CONTENT_LENGTH_MISMATCH"),
    "interrupted",
    "streaming",
    true,
  ],
  "a chunked body without its end": [parser("Invalid EOF state"), "interrupted", "streaming", true],
  "an invalid chunk size": [parser("Invalid character in chunk size"), "bad_response", "streaming", false],
  "undici's body timeout": [coded("UND_ERR_BODY_TIMEOUT"), "timeout", "streaming", true],
};

describe("Transport failure", () => {
  for (const [hasHeaders, rows] of [
    [false, BEFORE],
    [true, AFTER],
  ] as const) {
    for (const [cause, [error, code, phase, retryable]] of Object.entries(rows)) {
      it(`of ${cause} ${hasHeaders ? "after" : "before"} the headers has the code ${code}`, () => {
        const failure = createTransportFailure(error, "service.example", hasHeaders);
        assert.deepEqual(
          { code: failure.code, phase: failure.phase, retryable: failure.retryable },
          { code, phase, retryable },
        );
        assert.equal(failure.cause, error);
        assert.match(failure.message, /[.?]$/);
      });
    }
  }

  it("of connections that a deploy closes does not blame the service", () => {
    for (const code of ["UND_ERR_DESTROYED", "UND_ERR_CLOSED"]) {
      const { message } = createTransportFailure(coded(code), "service.example", false);
      assert.match(message, /closed on this side before an answer came/);
    }
  });

  it("of an error that is its own cause is found without an endless loop", () => {
    const error = new Error("round");
    error.cause = error;
    assert.equal(createTransportFailure(error, "service.example", false).code, "connection");
  });
});
