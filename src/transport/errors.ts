import { Failure, type Phase } from "../core/failure.js";

/** Codes of Node.js and OpenSSL that speak of certificates; `ERR_TLS_…` and `ERR_SSL_…` come on top. */
const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_UNTRUSTED",
  "EPROTO",
]);

/**
 * What an error of undici or of a socket means. Messages name the host's trouble, never the request's headers.
 * @param started whether the response's headers had come
 */
export function transportFailure(error: unknown, host: string, started: boolean): Failure {
  const cause = innermost(error);
  const code = typeof cause.code === "string" ? cause.code : "";
  const before: Phase = "connect";
  if (/proxy response \(\d+\)/i.test(cause.message)) {
    const status = /\((\d+)\)/.exec(cause.message)![1];
    return new Failure(
      "connection",
      `The proxy refused the connection with status ${status}. Check the proxy's settings.`,
      {
        phase: before,
        retryable: false,
      },
    );
  }
  if (CERTIFICATE_CODES.has(code) || /^ERR_(TLS|SSL)_/.test(code)) {
    return new Failure(
      "connection",
      `No secure connection to ${host}: ${code}. Check the base URL, or give the certificate in a TLS configuration.`,
      { phase: before, retryable: false },
    );
  }
  switch (code) {
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
      return new Failure("timeout", `No connection to ${host} in time. Check the address and the network.`, {
        phase: before,
      });
    case "UND_ERR_HEADERS_TIMEOUT":
      return new Failure("timeout", `${host} did not begin to answer in time.`, { phase: "headers" });
    case "UND_ERR_BODY_TIMEOUT":
      return new Failure("timeout", `${host} stopped sending.`, { phase: "streaming" });
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new Failure(
        "connection",
        `The name ${host} cannot be resolved. Check the base URL and the network.`,
        {
          phase: before,
        },
      );
    case "ECONNREFUSED":
      return new Failure("connection", `${host} refuses connections. Is the service running there?`, {
        phase: before,
      });
    case "UND_ERR_HEADERS_OVERFLOW":
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      return new Failure("bad_response", `${host} sent a response that is not valid HTTP.`, {
        phase: "headers",
      });
    case "UND_ERR_INVALID_ARG":
      return new Failure("configuration", `The request cannot be sent: ${cause.message}.`, { phase: before });
  }
  if (code.startsWith("HPE_")) {
    const truncated = code === "HPE_INVALID_EOF_STATE";
    if (truncated && started) return interrupted(host);
    return new Failure("bad_response", `${host} does not speak HTTP as expected. Check the base URL.`, {
      phase: started ? "streaming" : "headers",
    });
  }
  if (started) return interrupted(host);
  return new Failure("connection", `The connection to ${host} failed${code ? ` (${code})` : ""}.`, {
    phase: before,
  });
}

function interrupted(host: string): Failure {
  return new Failure("interrupted", `The connection to ${host} broke off in the middle of the answer.`, {
    phase: "streaming",
  });
}

/** Several addresses were tried, or one error wraps another: the last of them tells why. */
function innermost(error: unknown): { code?: unknown; message: string } {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    const { code } = current as { code?: unknown };
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors.at(-1);
    else if (code === undefined && current.cause instanceof Error) current = current.cause;
    else return current as Error & { code?: unknown };
  }
  return { message: String(current) };
}
