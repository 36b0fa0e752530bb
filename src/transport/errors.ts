import { Failure, type FailureCode, type FailureDetails } from "../core/failure.js";
import { ProxyError } from "./proxy.js";

/** Statuses of redirects (RFC 9110, section 15.4). */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * A connection could not be opened; `cause` says why. It has no `code` on purpose: after connect errors with certain codes
 * (such as those of a proxy that closes the connection) undici tries again at once and without end.
 */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/** Codes of Node.js and OpenSSL for problems with certificates and TLS, besides `ERR_TLS_…` and `ERR_SSL_…`. */
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

/** Name of undici's error for a response that is not HTTP. Its code is not reliable: in version 7.30 it has none. */
const PARSER_ERROR = "HTTPParserError";

/** Messages of undici about a response that nobody asked for: status 100 or 101. The code is that of any closed socket. */
const UNWANTED_RESPONSE = /^bad (response|upgrade)$/;

/** What an error says about itself. `code` is `""` if it has none. */
interface ErrorCause {
  name: string;
  code: string;
  message: string;
}

/**
 * Turns an error of undici or of a socket into a failure. Its message names the host, never the request's headers.
 * @param hasHeaders whether the response's headers had come
 */
export function createTransportFailure(error: unknown, host: string, hasHeaders: boolean): Failure {
  if (error instanceof Failure) return error;
  const failure = explainError(error, host, hasHeaders);
  return new Failure(failure.code, failure.message, { ...failure.toJSON(), cause: error });
}

function explainError(error: unknown, host: string, hasHeaders: boolean): Failure {
  const cause = findInnermostCause(error);
  if (hasHeaders) return createStreamingFailure(cause, host);
  const proxy = findProxyError(error)?.proxy;
  if (proxy !== undefined) return createProxyFailure(cause, proxy);
  const known = readConnectError(cause, host);
  if (known) return known;
  const wasConnected = !(error instanceof ConnectError);
  return (wasConnected && readHeadersError(cause, host)) || createBrokenFailure(cause, host);
}

/** Once the headers have come, any broken connection is a broken answer, whatever the error is called. */
function createStreamingFailure({ name, code, message }: ErrorCause, host: string): Failure {
  if (code === "UND_ERR_BODY_TIMEOUT") {
    return new Failure("timeout", `${host} stopped sending in the middle of the answer.`, {
      phase: "streaming",
    });
  }
  // A body that only lacks its end was cut off. Any other parser error means invalid chunked encoding.
  if (name === PARSER_ERROR && !/\bEOF\b/i.test(message)) {
    return new Failure(
      "bad_response",
      `${host} sent a response that is not valid HTTP. Check the base URL and any proxy.`,
      {
        phase: "streaming",
      },
    );
  }
  return new Failure("interrupted", `The connection to ${host} broke off in the middle of the answer.`, {
    phase: "streaming",
  });
}

/** What the author can do about a proxy that fails. */
const PROXY_ADVICE =
  "Check the proxy in the provider; without one there, the environment variables HTTP_PROXY and HTTPS_PROXY.";

/** Reads an error of the connection to a proxy. The service was never asked. */
function createProxyFailure({ code, message }: ErrorCause, proxy: string): Failure {
  if (isCertificateCode(code)) {
    return createConnectFailure(
      "connection",
      `No secure connection to the proxy ${proxy}: ${code}. ${PROXY_ADVICE}`,
      { retryable: false },
    );
  }
  switch (code) {
    case "UND_ERR_CONNECT_TIMEOUT":
    case "UND_ERR_HEADERS_TIMEOUT":
    case "ETIMEDOUT":
      return createConnectFailure("timeout", `The proxy ${proxy} did not answer in time. ${PROXY_ADVICE}`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return createConnectFailure("connection", `The proxy ${proxy} cannot be resolved. ${PROXY_ADVICE}`);
    case "ECONNREFUSED":
      return createConnectFailure("connection", `The proxy ${proxy} refuses connections. ${PROXY_ADVICE}`);
  }
  const reason = code ? ` (${code})` : "";
  return (
    readProxyStatus(message, ` (${proxy})`) ??
    createConnectFailure(
      "connection",
      `The connection to the proxy ${proxy} failed${reason}. ${PROXY_ADVICE}`,
    )
  );
}

/**
 * Reads undici's error for a proxy that opens no tunnel.
 * @param name names the proxy in the message
 */
function readProxyStatus(message: string, name = ""): Failure | undefined {
  const status = /proxy response \((\d+)\)/i.exec(message)?.[1];
  if (status === undefined) return undefined;
  return createConnectFailure(
    "connection",
    `The proxy refused the connection with status ${status}${name}. ${PROXY_ADVICE}`,
    // 502 to 504: the proxy could not reach the service, which may be temporary.
    { retryable: Number(status) >= 502 && Number(status) <= 504 },
  );
}

/** Reads an error that is known to come from connecting; undefined for any other. */
function readConnectError({ code, message }: ErrorCause, host: string): Failure | undefined {
  const refused = readProxyStatus(message);
  if (refused) return refused;
  if (isCertificateCode(code)) {
    return createConnectFailure(
      "connection",
      `No secure connection to ${host}: ${code}. Check the base URL, or add the certificate to a TLS configuration.`,
      { retryable: false },
    );
  }
  switch (code) {
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
      return createConnectFailure(
        "timeout",
        `The connection to ${host} took too long. Check the address and the network.`,
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
        `No connection to ${host}: this machine has too many open files and connections (${code}). Close some, or raise its limit.`,
      );
    case "UND_ERR_DESTROYED":
    case "UND_ERR_CLOSED":
      return createConnectFailure(
        "connection",
        `The connection to ${host} was closed on this side before an answer came. Try again.`,
      );
    case "UND_ERR_INVALID_ARG":
      return createConnectFailure("configuration", `The request cannot be sent: ${message}.`);
    default:
      return undefined;
  }
}

/** Reads an error that came after the request was sent and before the response's headers. */
function readHeadersError({ name, code, message }: ErrorCause, host: string): Failure | undefined {
  const phase = "headers";
  if (code === "UND_ERR_HEADERS_TIMEOUT") {
    return new Failure("timeout", `${host} did not begin to answer in time.`, { phase });
  }
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    return new Failure(
      "bad_response",
      `${host} sent more response headers than any service does. Check the base URL.`,
      { phase },
    );
  }
  if (name === PARSER_ERROR || UNWANTED_RESPONSE.test(message)) {
    return new Failure("bad_response", `${host} does not speak HTTP as expected. Check the base URL.`, {
      phase,
    });
  }
  return undefined;
}

function createBrokenFailure({ code }: ErrorCause, host: string): Failure {
  const reason = code ? ` (${code})` : "";
  return createConnectFailure("connection", `The connection to ${host} failed${reason}.`);
}

function createConnectFailure(code: FailureCode, message: string, details: FailureDetails = {}): Failure {
  return new Failure(code, message, { ...details, phase: "connect" });
}

function isCertificateCode(code: string): boolean {
  return CERTIFICATE_CODES.has(code) || /^ERR_(TLS|SSL)_/.test(code);
}

/** How deep errors nest at most; some are their own cause. */
const MAX_CAUSES = 5;

function findProxyError(error: unknown): ProxyError | undefined {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    if (current instanceof ProxyError) return current;
    current = current.cause;
  }
  return undefined;
}

/** Finds the error that says why: the last of several addresses that were tried, or the innermost of nested errors. */
function findInnermostCause(error: unknown): ErrorCause {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    const { code } = current as { code?: unknown };
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors.at(-1);
    else if (code === undefined && current.cause instanceof Error) current = current.cause;
    else return { name: current.name, code: typeof code === "string" ? code : "", message: current.message };
  }
  return { name: "", code: "", message: String(current) };
}

/** Whether a status sends the client elsewhere. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/** Creates the failure of an answer that sends the client elsewhere. */
export function createRedirectFailure(status: number): Failure {
  return new Failure(
    "bad_response",
    `The service answered with a redirect (${status}). Redirects are not followed, to protect the key. Enter the final address as the base URL.`,
    { status, retryable: false, phase: "headers" },
  );
}
