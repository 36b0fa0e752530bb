import type { ModelList } from "../../client/model-list.js";
import { toFailure } from "../../core/failure.js";
import { PROVIDERS } from "../../providers/index.js";
import type { Provider } from "../../providers/provider.js";
import { findFirstSteps } from "../../providers/start/first-steps.js";
import type { AdminRequest, NodeRed } from "../red/api.js";
import { openDraft } from "./draft.js";
import { requireShownProvider } from "./lookup.js";
import type { ProviderRuntime } from "./runtime.js";

/** Models that the result of a test names. */
const MAX_LISTED_MODELS = 5;

/**
 * Adds the HTTP routes through which the editor uses a provider: by the id of a deployed node, or as it stands in the
 * editor. Every route checks a permission. A stored key goes to the address that it is deployed with and to no other, so
 * nobody can make the runtime send it to another server; see `openDraft`.
 */
export function addProviderRoutes(red: NodeRed): void {
  const { httpAdmin } = red;
  if (!httpAdmin) return;
  const requireRead = red.auth.needsPermission("flows.read");
  const requireWrite = red.auth.needsPermission("flows.write");

  httpAdmin.get("/chat-provider/providers", requireRead, (_request, response) => {
    response.json(PROVIDERS.map(describeService));
  });

  httpAdmin.post("/chat-provider/draft/models", requireWrite, (request, response) => {
    useDraft(red, request, (draft) => draft.listModels()).then(
      (list) => response.json(describeModels(list)),
      (thrown: unknown) => response.json({ error: toErrorBody(thrown) }),
    );
  });

  httpAdmin.post("/chat-provider/draft/test", requireWrite, (request, response) => {
    useDraft(red, request, (draft) => testProvider(red, draft)).then(
      (message) => response.json({ ok: true, message }),
      (thrown: unknown) => response.json({ ok: false, ...toErrorBody(thrown) }),
    );
  });

  httpAdmin.get("/chat-provider/:id/models", requireWrite, (request, response) => {
    requireRuntime(red, request)
      .then((service) => service.listModels())
      .then(
        (list) => response.json(describeModels(list)),
        (thrown: unknown) => response.json({ error: toErrorBody(thrown) }),
      );
  });

  httpAdmin.post("/chat-provider/:id/test", requireWrite, (request, response) => {
    requireRuntime(red, request)
      .then((service) => testProvider(red, service))
      .then(
        (message) => response.json({ ok: true, message }),
        (thrown: unknown) => response.json({ ok: false, ...toErrorBody(thrown) }),
      );
  });
}

/** @returns what the dialogs know of a service */
function describeService(provider: Provider): Record<string, unknown> {
  const { id, label, baseUrl, forms, keyRequired, keyVariable, settings, hostedTools } = provider;
  return {
    ...{ id, label, baseUrl, forms, keyRequired, keyVariable, settings },
    ownHost: provider.ownHost?.source,
    hasKeyVariable: keyVariable !== undefined && Boolean(process.env[keyVariable]),
    hostedTools: hostedTools && { form: hostedTools.form, names: Object.keys(hostedTools.tools) },
    ownModel: provider.chooseModel?.({ baseUrl: "" }),
    ...findFirstSteps(id),
  };
}

async function requireRuntime(red: NodeRed, request: AdminRequest): Promise<ProviderRuntime> {
  return requireShownProvider(red, request.params["id"]).runtime;
}

/** Opens the provider of a request as it stands in the editor, for one use. */
async function useDraft<T>(
  red: NodeRed,
  request: AdminRequest,
  use: (draft: ProviderRuntime) => Promise<T>,
): Promise<T> {
  const draft = openDraft(red, request);
  try {
    return await use(draft);
  } finally {
    await draft.close();
  }
}

/**
 * Lists the models of a provider to see whether it can be reached.
 * @returns the result in the author's language
 */
async function testProvider(red: NodeRed, service: ProviderRuntime): Promise<string> {
  const [{ names, ends, workers }, balance] = await Promise.all([
    service.listModels(),
    service.readBalance(),
  ]);
  if (workers !== undefined)
    return red._("chat-provider.test.workers", { count: workers, models: listFirst(names) });
  const models =
    names.length > 0
      ? red._("chat-provider.test.ok", { count: names.length })
      : red._("chat-provider.test.okNone");
  const parts = [
    models,
    ...(balance === undefined ? [] : [red._("chat-provider.test.balance", { balance })]),
    ...(Object.keys(ends).length === 0 ? [] : [red._("chat-provider.test.ends", { models: listEnds(ends) })]),
  ];
  return parts.join(" · ");
}

/** What the dialog shows of a service's models. */
function describeModels({ names, capabilities, ends }: ModelList): object {
  return { models: names, capabilities, ends };
}

/** Lists the models that end first, with their dates. */
function listEnds(ends: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(ends).sort(([, one], [, other]) => one.localeCompare(other));
  return listFirst(sorted.map(([name, date]) => `${name} (${date})`));
}

/** Names the first of many models. */
function listFirst(names: readonly string[]): string {
  const more = names.length > MAX_LISTED_MODELS ? ", …" : "";
  return names.slice(0, MAX_LISTED_MODELS).join(", ") + more;
}

function toErrorBody(thrown: unknown): { code: string; message: string } {
  const { code, message } = toFailure(thrown);
  return { code, message };
}
