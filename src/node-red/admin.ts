import { asFailure } from "../core/failure.js";
import { PROVIDERS } from "../providers/index.js";
import type { ProviderRuntime } from "./provider-runtime.js";
import type { AdminRequest, NodeRed } from "./red.js";

/** A chat-provider node as the other parts of the package see it. */
export interface ProviderNode {
  runtime: ProviderRuntime;
}

/** Finds a deployed chat-provider. */
export function providerNode(red: NodeRed, id: string | undefined): ProviderNode | undefined {
  const node = id ? red.nodes.getNode(id) : undefined;
  return node?.type === "chat-provider" && node["runtime"] ? (node as unknown as ProviderNode) : undefined;
}

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
      PROVIDERS.map(({ id, label, baseUrl, keyRequired, keyVariable }) => ({
        id,
        label,
        baseUrl,
        keyRequired,
        keyVariable,
      })),
    );
  });

  httpAdmin.get("/chat-provider/:id/models", mayWrite, (request, response) => {
    models(red, request).then(
      (names) => response.json({ models: names }),
      (thrown: unknown) => response.json({ error: described(thrown) }),
    );
  });

  httpAdmin.post("/chat-provider/:id/test", mayWrite, (request, response) => {
    models(red, request).then(
      (names) =>
        response.json({ ok: true, message: red._("chat-provider.test.ok", { count: names.length }) }),
      (thrown: unknown) => response.json({ ok: false, ...described(thrown) }),
    );
  });
}

async function models(red: NodeRed, request: AdminRequest): Promise<string[]> {
  const node = providerNode(red, request.params["id"]);
  if (!node) throw NOT_DEPLOYED;
  return node.runtime.models();
}

function described(thrown: unknown): { code: string; message: string } {
  if (thrown === NOT_DEPLOYED) return NOT_DEPLOYED;
  const { code, message } = asFailure(thrown);
  return { code, message };
}
