import { redact } from "../core/errors/redact.js";
import { Failure } from "../core/failure.js";
import type { Provider } from "../providers/provider.js";
import type { Endpoint } from "../providers/shared/endpoint.js";
import { listSecretHeaderValues } from "../providers/shared/endpoint.js";

/** What must not be told of an endpoint. */
export function listSecrets(endpoint: Endpoint): string[] {
  return [endpoint.apiKey ?? "", ...listSecretHeaderValues(endpoint)];
}

/** The failure as it may be told: with the provider's name, and without key and secret headers, which services quote. */
export function hideSecrets(failure: Failure, provider: Provider, endpoint: Endpoint): Failure {
  const secrets = listSecrets(endpoint);
  const { requestId, ...details } = failure.toJSON();
  return new Failure(failure.code, redact(failure.message, secrets), {
    ...details,
    provider: provider.id,
    ...(requestId === undefined ? {} : { requestId: redact(requestId, secrets) }),
  });
}
