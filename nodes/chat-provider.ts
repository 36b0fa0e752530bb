import { addProviderRoutes } from "../src/node-red/chat-provider/admin-routes.js";
import type { ProviderCredentials, ProviderNodeConfig } from "../src/node-red/chat-provider/config.js";
import { rememberInstance } from "../src/node-red/chat-provider/lookup.js";
import { ProviderRuntime } from "../src/node-red/chat-provider/runtime.js";
import { findSurroundings } from "../src/node-red/chat-provider/surroundings.js";
import {
  warnOfCassette,
  warnOfPlainHttp,
  warnOfUncheckedCertificates,
} from "../src/node-red/chat-provider/warnings.js";
import type { NodeRed, RuntimeNode } from "../src/node-red/red/api.js";
import { createVariableFiller, findVariable } from "../src/node-red/red/variables.js";

/** Holds the connection to one service: its address, its key, and its limits. */
export = function chatProvider(red: NodeRed): void {
  function ChatProvider(this: RuntimeNode & { runtime: ProviderRuntime }, config: ProviderNodeConfig): void {
    red.nodes.createNode(this, config);
    warnOfUncheckedCertificates(this);
    const fill = createVariableFiller(red, this);
    warnOfPlainHttp(this, config, fill);
    warnOfCassette(this, config);
    const credentials: ProviderCredentials = this.credentials ?? {};
    const variables = { fill, find: (property: string) => findVariable(red, this, property) };
    this.runtime = new ProviderRuntime(config, credentials, findSurroundings(red, this, config, variables));
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
