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
    ...(requestId === undefined ? {} : { requestId: redact(requestId, secrets) }),
  });
}
