import { toFailure } from "../../core/failure.js";
import { PROVIDERS } from "../../providers/index.js";
import type { AdminRequest, NodeRed } from "../red/api.js";
import { findProvider } from "./lookup.js";
import type { ProviderRuntime } from "./runtime.js";

const NOT_DEPLOYED = {
  code: "configuration",
  message: "This provider is not deployed yet. Deploy, then try again.",
};

/**
 * What the editor asks of the runtime. Every route asks for a permission, and takes the id of a deployed node only:
 * no address and no key ever comes from a request, so nobody can point the runtime at a place of his choice.
 */
export function addProviderRoutes(red: NodeRed): void {
  const { httpAdmin } = red;
  if (!httpAdmin) return;
  const mayRead = red.auth.needsPermission("flows.read");
  const mayWrite = red.auth.needsPermission("flows.write");

  httpAdmin.get("/chat-provider/providers", mayRead, (_request, response) => {
    response.json(
      PROVIDERS.map(({ id, label, baseUrl, keyRequired, keyVariable, settings }) => ({
        id,
        label,
        baseUrl,
        keyRequired,
        keyVariable,
        settings,
      })),
    );
  });

  httpAdmin.get("/chat-provider/:id/models", mayWrite, (request, response) => {
    requireRuntime(red, request)
      .then((service) => service.listModels())
      .then(
        ({ names, capabilities }) => response.json({ models: names, capabilities }),
        (thrown: unknown) => response.json({ error: toErrorBody(thrown) }),
      );
  });

  httpAdmin.post("/chat-provider/:id/test", mayWrite, (request, response) => {
    testProvider(red, request).then(
      (message) => response.json({ ok: true, message }),
      (thrown: unknown) => response.json({ ok: false, ...toErrorBody(thrown) }),
    );
  });
}

export async function requireRuntime(red: NodeRed, request: AdminRequest): Promise<ProviderRuntime> {
  const node = findProvider(red, request.params["id"]);
  if (!node) throw NOT_DEPLOYED;
  return node.runtime;
}

/** @returns what the author reads */
async function testProvider(red: NodeRed, request: AdminRequest): Promise<string> {
  const service = await requireRuntime(red, request);
  const [{ names }, balance] = await Promise.all([service.listModels(), service.readBalance()]);
  const told =
    names.length > 0
      ? red._("chat-provider.test.ok", { count: names.length })
      : red._("chat-provider.test.okNone");
  return balance === undefined ? told : `${told} · ${red._("chat-provider.test.balance", { balance })}`;
}

function toErrorBody(thrown: unknown): { code: string; message: string } {
  if (thrown === NOT_DEPLOYED) return NOT_DEPLOYED;
  const { code, message } = toFailure(thrown);
  return { code, message };
}
