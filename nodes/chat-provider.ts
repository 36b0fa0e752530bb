import { addProviderRoutes } from "../src/node-red/chat-provider/admin-routes.js";
import type { ProviderCredentials, ProviderNodeConfig } from "../src/node-red/chat-provider/config.js";
import { rememberInstance } from "../src/node-red/chat-provider/lookup.js";
import { ProviderRuntime } from "../src/node-red/chat-provider/runtime.js";
import { readConnection } from "../src/node-red/chat-provider/tls-and-proxy.js";
import { warnOfPlainHttp, warnOfUncheckedCertificates } from "../src/node-red/chat-provider/warnings.js";
import type { NodeRed, RuntimeNode } from "../src/node-red/red/api.js";
import { openMqttLink } from "../src/node-red/red/broker/mqtt-link.js";
import { createVariableFiller, findVariable } from "../src/node-red/red/variables.js";

/** Holds the connection to one service: its address, its key, and its limits. */
export = function chatProvider(red: NodeRed): void {
  function ChatProvider(this: RuntimeNode & { runtime: ProviderRuntime }, config: ProviderNodeConfig): void {
    red.nodes.createNode(this, config);
    warnOfUncheckedCertificates(this);
    const fill = createVariableFiller(red, this);
    warnOfPlainHttp(this, config, fill);
    const credentials: ProviderCredentials = this.credentials ?? {};
    this.runtime = new ProviderRuntime(
      config,
      credentials,
      { fill, find: (property) => findVariable(red, this, property) },
      () => readConnection(red, config),
      () => openMqttLink(red, config.broker, this.id),
    );
    rememberInstance(this);
    this.on("close", (_removed, done) => {
      void this.runtime.close().then(done);
    });
  }
  red.nodes.registerType("chat-provider", ChatProvider, {
    credentials: { apiKey: { type: "password" }, secretHeaders: { type: "password" } },
  });
  addProviderRoutes(red);
};
