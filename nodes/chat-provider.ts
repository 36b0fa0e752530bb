import { addProviderRoutes } from "../src/node-red/admin.js";
import { warnOfUncheckedCertificates } from "../src/node-red/certificate-warning.js";
import { connectionFrom } from "../src/node-red/connection.js";
import { warnOfPlainHttp } from "../src/node-red/plain-http-warning.js";
import type { ProviderCredentials, ProviderNodeConfig } from "../src/node-red/provider-config.js";
import { ProviderRuntime } from "../src/node-red/provider-runtime.js";
import type { NodeRed, RuntimeNode } from "../src/node-red/red.js";
import { variableFiller } from "../src/node-red/variables.js";

/** Which service, where, with which key, and how much at once. */
export = function chatProvider(red: NodeRed): void {
  function ChatProvider(this: RuntimeNode & { runtime: ProviderRuntime }, config: ProviderNodeConfig): void {
    red.nodes.createNode(this, config);
    warnOfUncheckedCertificates(this);
    const fill = variableFiller(red, this);
    warnOfPlainHttp(this, config, fill);
    const credentials: ProviderCredentials = this.credentials ?? {};
    this.runtime = new ProviderRuntime(config, credentials, fill, () => connectionFrom(red, config));
    this.on("close", (_removed, done) => {
      void this.runtime.close().then(done);
    });
  }
  red.nodes.registerType("chat-provider", ChatProvider, {
    credentials: { apiKey: { type: "password" }, secretHeaders: { type: "password" } },
  });
  addProviderRoutes(red);
};
