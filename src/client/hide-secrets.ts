import { redact } from "../core/errors/redact.js";
import { Failure } from "../core/failure.js";
import type { Provider } from "../providers/provider.js";
import type { Endpoint } from "../providers/shared/endpoint.js";
import { listSecretHeaderValues, listSecretQueryValues } from "../providers/shared/endpoint.js";

/** Lists the secrets of an endpoint: the key, and the values of secret headers and of secret parts of the address. */
export function listSecrets(endpoint: Endpoint): string[] {
  return [endpoint.apiKey ?? "", ...listSecretHeaderValues(endpoint), ...listSecretQueryValues(endpoint)];
}

/** Copies a failure without the secrets of the endpoint, which some services quote, and with the provider's id. */
export function hideSecrets(failure: Failure, provider: Provider, endpoint: Endpoint): Failure {
  const secrets = listSecrets(endpoint);
  const { requestId, ...details } = failure.toJSON();
  return new Failure(failure.code, redact(failure.message, secrets), {
    ...details,
    provider: provider.id,
    cause: hideInCause(failure.cause, secrets),
    ...(requestId === undefined ? {} : { requestId: redact(requestId, secrets) }),
  });
}

/** How deep errors nest at most; some are their own cause. */
const MAX_CAUSES = 5;

/**
 * Copies the error underneath a failure: its name, code, message, stack and its own cause. The error itself holds sockets and
 * requests.
 */
function hideInCause(thrown: unknown, secrets: readonly string[], depth = 1): Error | undefined {
  if (!(thrown instanceof Error) || depth > MAX_CAUSES) return undefined;
  const { code, errors } = thrown as { code?: unknown; errors?: unknown };
  const underneath = thrown.cause ?? (Array.isArray(errors) ? errors.at(-1) : undefined);
  const cause = hideInCause(underneath, secrets, depth + 1);
  const copy = new Error(redact(thrown.message, secrets), cause && { cause });
  copy.name = thrown.name;
  copy.stack = redact(String(thrown.stack), secrets);
  return typeof code === "string" ? Object.assign(copy, { code: redact(code, secrets) }) : copy;
}
