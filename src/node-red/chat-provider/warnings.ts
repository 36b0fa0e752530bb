import { isPriceListMissing } from "../../client/cost/price-list.js";
import { toPrintable } from "../../core/printable.js";
import { isRemotePlainHttp } from "../../providers/shared/endpoint.js";
import type { RuntimeNode } from "../red/api.js";
import { logWarning } from "../red/log.js";
import type { ProviderNodeConfig } from "./config.js";

/** Warns at each start if the provider is set to send its key unencrypted to another machine. */
export function warnOfPlainHttp(
  node: RuntimeNode,
  config: ProviderNodeConfig,
  fill: (text: string) => string,
): void {
  const { baseUrl: entered } = config;
  // A variable may be of another type, which is reported when a request is made.
  const baseUrl = typeof entered === "string" ? fill(entered) : "";
  if (config.allowInsecure !== true || !URL.canParse(baseUrl)) return;
  const url = new URL(baseUrl);
  if (!isRemotePlainHttp(url)) return;
  logWarning(
    node,
    `Requests to ${url.host} and the API key travel unencrypted, as this provider allows plain http. Use https if you can.`,
  );
}

/** Warns at each start if the provider records, or answers without its service. */
export function warnOfCassette(node: RuntimeNode, { record, cassette }: ProviderNodeConfig): void {
  const file = toPrintable(`“${cassette ?? ""}”`);
  if (record === "replay") {
    logWarning(
      node,
      `This provider does not use the service: it replays ${file}. Set it to off for real answers.`,
    );
  } else if (record === "record" || record === "failures") {
    const what = record === "record" ? "what is asked and answered" : "the streams that fail";
    logWarning(
      node,
      `This provider records ${what} into ${file}, without keys, but with every prompt and answer.`,
    );
  }
}

let hasWarnedOfPrices = false;

/** Warns once in the log if costs stay unknown because the package with the prices is not installed. */
export function warnOfMissingPrices(node: RuntimeNode): void {
  if (hasWarnedOfPrices || !isPriceListMissing()) return;
  hasWarnedOfPrices = true;
  logWarning(
    node,
    "The cost of answers is unknown: the optional package @pydantic/genai-prices is not installed. Install it beside this package, or enter your own prices in the provider.",
  );
}

let hasWarned = false;

/** Warns once in the log if an environment variable turns off the check of certificates. */
export function warnOfUncheckedCertificates(node: RuntimeNode): void {
  if (hasWarned || process.env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0") return;
  hasWarned = true;
  logWarning(
    node,
    "NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check of certificates for all of Node-RED: anyone on the way to a service can read the API key. Unset it, and set the certificate authority that you trust in the provider's TLS configuration.",
  );
}
