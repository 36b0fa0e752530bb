import { isRemotePlainHttp } from "../../providers/shared/endpoint.js";
import type { RuntimeNode } from "../red/api.js";
import type { ProviderNodeConfig } from "./config.js";

/** Says at each start, as long as it is so, that a key may travel unencrypted because somebody ticked that it may. */
export function warnOfPlainHttp(
  node: RuntimeNode,
  config: ProviderNodeConfig,
  fill: (text: string) => string,
): void {
  const baseUrl = fill(config.baseUrl ?? "");
  if (config.allowInsecure !== true || !URL.canParse(baseUrl)) return;
  const url = new URL(baseUrl);
  if (!isRemotePlainHttp(url)) return;
  node.warn(
    `What is asked of ${url.host}, and the key with it, travels unencrypted: the provider is set to allow it.`,
  );
}

let warned = false;

/** Says once, in the log, that an environment variable has turned off what keeps keys from whoever stands between. */
export function warnOfUncheckedCertificates(node: RuntimeNode): void {
  if (warned || process.env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0") return;
  warned = true;
  node.warn(
    "NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check of certificates for all of Node-RED: whoever stands between it and a service can read the key. Unset it, and name the authority that you trust in the provider's TLS configuration.",
  );
}
