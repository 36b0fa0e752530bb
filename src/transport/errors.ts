import { Failure, type FailureCode, type FailureDetails } from "../core/failure.js";

/**
 * A connection that never stood; why is its `cause`. It has no code of its own on purpose: undici tries again, at
 * once and for ever, after connect errors with certain codes, among them those of a proxy that hangs up.
 */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/** Codes of Node.js and OpenSSL that speak of certificates; `ERR_TLS_…` and `ERR_SSL_…` come on top. */
const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REVOKED",
  "CERT_REJECTED",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "HOSTNAME_MISMATCH",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "EPROTO",
]);

/** undici's error for what is not HTTP. Its codes are not to be relied on: in version 7.30 it has none. */
const PARSER_ERROR = "HTTPParserError";

interface ErrorCause {
  name: string;
  code: string;
  message: string;
}

/**
 * What an error of undici or of a socket means. Messages name the host's trouble, never the request's headers.
 * @param started whether the response's headers had come
 */
export function createTransportFailure(error: unknown, host: string, started: boolean): Failure {
  const cause = findInnermostCause(error);
  if (started) return createStreamingFailure(cause, host);
  const known = readConnectError(cause, host);
  if (known) return known;
  const stood = !(error instanceof ConnectError);
  return (
    (stood && readHeadersError(cause, host)) ||
    createConnectFailure("connection", describeBrokenConnection(cause, host))
  );
}

/** From the headers on a broken connection is a broken answer, however the break is called. */
function createStreamingFailure({ name, code, message }: ErrorCause, host: string): Failure {
  if (code === "UND_ERR_BODY_TIMEOUT") {
    return new Failure("timeout", `${host} stopped sending.`, { phase: "streaming" });
  }
  // Framing that makes no sense; but a body that lacks its end is merely cut off.
  if (name === PARSER_ERROR && !/\bEOF\b/i.test(message)) {
    return new Failure("bad_response", `${host} sent a response that is not valid HTTP.`, {
      phase: "streaming",
    });
  }
  return new Failure("interrupted", `The connection to ${host} broke off in the middle of the answer.`, {
    phase: "streaming",
  });
}

function readConnectError({ code, message }: ErrorCause, host: string): Failure | undefined {
  const proxyStatus = /proxy response \((\d+)\)/i.exec(message)?.[1];
  if (proxyStatus !== undefined) {
    return createConnectFailure(
      "connection",
      `The proxy refused the connection with status ${proxyStatus}. Check the proxy's settings.`,
      // 502 to 504: the proxy itself could not get through, which may pass.
      { retryable: Number(proxyStatus) >= 502 && Number(proxyStatus) <= 504 },
    );
  }
  if (CERTIFICATE_CODES.has(code) || /^ERR_(TLS|SSL)_/.test(code)) {
    return createConnectFailure(
      "connection",
      `No secure connection to ${host}: ${code}. Check the base URL, or give the certificate in a TLS configuration.`,
      { retryable: false },
    );
  }
  switch (code) {
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
      return createConnectFailure(
        "timeout",
        `No connection to ${host} in time. Check the address and the network.`,
      );
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return createConnectFailure(
        "connection",
        `The name ${host} cannot be resolved. Check the base URL and the network.`,
      );
    case "ECONNREFUSED":
      return createConnectFailure("connection", `${host} refuses connections. Is the service running there?`);
    case "EMFILE":
    case "ENFILE":
      return createConnectFailure(
        "connection",
        `No connection to ${host}: this machine has too many files and connections open (${code}).`,
      );
    case "UND_ERR_INVALID_ARG":
      return createConnectFailure("configuration", `The request cannot be sent: ${message}.`);
    default:
      return undefined;
  }
}

/** The request was sent over a connection that stood. */
function readHeadersError({ name, code }: ErrorCause, host: string): Failure | undefined {
  const phase = "headers";
  if (code === "UND_ERR_HEADERS_TIMEOUT") {
    return new Failure("timeout", `${host} did not begin to answer in time.`, { phase });
  }
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    return new Failure("bad_response", `${host} sent more headers than any service needs.`, { phase });
  }
  if (name === PARSER_ERROR) {
    return new Failure("bad_response", `${host} does not speak HTTP as expected. Check the base URL.`, {
      phase,
    });
  }
  return undefined;
}

function describeBrokenConnection({ code }: ErrorCause, host: string): string {
  return `The connection to ${host} failed${code ? ` (${code})` : ""}.`;
}

function createConnectFailure(code: FailureCode, message: string, details: FailureDetails = {}): Failure {
  return new Failure(code, message, { ...details, phase: "connect" });
}

/** Several addresses were tried, or one error wraps another: the last of them tells why. */
function findInnermostCause(error: unknown): ErrorCause {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    const { code } = current as { code?: unknown };
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors.at(-1);
    else if (code === undefined && current.cause instanceof Error) current = current.cause;
    else return { name: current.name, code: typeof code === "string" ? code : "", message: current.message };
  }
  return { name: "", code: "", message: String(current) };
}
