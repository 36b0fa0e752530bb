import type { RuntimeNode } from "./red/api.js";

let warned = false;

/** Says once, in the log, that an environment variable has turned off what keeps keys from whoever stands between. */
export function warnOfUncheckedCertificates(node: RuntimeNode): void {
  if (warned || process.env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0") return;
  warned = true;
  node.warn(
    "NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check of certificates for all of Node-RED: whoever stands between it and a service can read the key. Unset it, and name the authority that you trust in the provider's TLS configuration.",
  );
}
