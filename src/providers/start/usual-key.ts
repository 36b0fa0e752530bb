import type { Provider } from "../provider.js";
import type { Endpoint } from "../shared/endpoint.js";

/**
 * Takes the key from the environment variable that usually holds it, if the author has entered none. It goes to the
 * service's own address only: the author of another address has not said that it may have this key.
 * @param fill replaces environment variables in a text by their values; one that is not set stays
 */
export function takeUsualKey(
  { keyVariable, baseUrl: ownUrl }: Provider,
  endpoint: Partial<Endpoint>,
  fill: (text: string) => string,
): Partial<Endpoint> {
  const { apiKey, baseUrl, headers = {} } = endpoint;
  const hasToken = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
  if (keyVariable === undefined || ownUrl === undefined || apiKey || hasToken) return endpoint;
  if (baseUrl && baseUrl.replace(/\/$/, "") !== ownUrl) return endpoint;
  const reference = `\${${keyVariable}}`;
  const key = fill(reference).trim();
  return key === "" || key === reference ? endpoint : { ...endpoint, apiKey: key };
}
