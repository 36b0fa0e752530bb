import { toFailure } from "../../core/failure.js";
import { PROVIDERS } from "../../providers/index.js";
import type { AdminRequest, NodeRed } from "../red/api.js";
import { findProvider } from "./lookup.js";
import type { ProviderRuntime } from "./runtime.js";

/** Models that the result of a test names. */
const MAX_LISTED_MODELS = 5;

/** The answer for the id of a provider that the runtime does not know. */
const NOT_DEPLOYED = {
  code: "configuration",
  message: "This provider is not deployed yet. Deploy it, then try again.",
};

/**
 * Adds the HTTP routes through which the editor uses a deployed provider. Every route checks a permission and accepts
 * the id of a deployed node only. It never takes an address or a key from the request, so nobody can make the runtime
 * send a key to another server.
 */
export function addProviderRoutes(red: NodeRed): void {
  const { httpAdmin } = red;
  if (!httpAdmin) return;
  const requireRead = red.auth.needsPermission("flows.read");
  const requireWrite = red.auth.needsPermission("flows.write");

  httpAdmin.get("/chat-provider/providers", requireRead, (_request, response) => {
    response.json(
      PROVIDERS.map(({ id, label, baseUrl, forms, ownHost, keyRequired, keyVariable, settings }) => ({
        id,
        label,
        baseUrl,
        forms,
        ownHost: ownHost?.source,
        keyRequired,
        keyVariable,
        settings,
      })),
    );
  });

  httpAdmin.get("/chat-provider/:id/models", requireWrite, (request, response) => {
    requireRuntime(red, request)
      .then((service) => service.listModels())
      .then(
        ({ names, capabilities }) => response.json({ models: names, capabilities }),
        (thrown: unknown) => response.json({ error: toErrorBody(thrown) }),
      );
  });

  httpAdmin.post("/chat-provider/:id/test", requireWrite, (request, response) => {
    testProvider(red, request).then(
      (message) => response.json({ ok: true, message }),
      (thrown: unknown) => response.json({ ok: false, ...toErrorBody(thrown) }),
    );
  });
}

async function requireRuntime(red: NodeRed, request: AdminRequest): Promise<ProviderRuntime> {
  const node = findProvider(red, request.params["id"]);
  if (!node) throw NOT_DEPLOYED;
  return node.runtime;
}

/**
 * Lists the models of a provider to see whether it can be reached.
 * @returns the result in the author's language
 */
async function testProvider(red: NodeRed, request: AdminRequest): Promise<string> {
  const service = await requireRuntime(red, request);
  const [{ names, workers }, balance] = await Promise.all([service.listModels(), service.readBalance()]);
  if (workers !== undefined)
    return red._("chat-provider.test.workers", { count: workers, models: listFirst(names) });
  const models =
    names.length > 0
      ? red._("chat-provider.test.ok", { count: names.length })
      : red._("chat-provider.test.okNone");
  return balance === undefined ? models : `${models} · ${red._("chat-provider.test.balance", { balance })}`;
}

/** Names the first of many models. */
function listFirst(names: readonly string[]): string {
  const more = names.length > MAX_LISTED_MODELS ? ", …" : "";
  return names.slice(0, MAX_LISTED_MODELS).join(", ") + more;
}

function toErrorBody(thrown: unknown): { code: string; message: string } {
  if (thrown === NOT_DEPLOYED) return NOT_DEPLOYED;
  const { code, message } = toFailure(thrown);
  return { code, message };
}
