/// <reference path="editor/red.d.ts" />
/// <reference path="editor/service-form.editor.ts" />

/** The tools in chat-stream's dialog that the service runs itself. */
namespace HostedTools {
  /** All of them, in the order of the dialog. */
  const NAMES: readonly string[] = [
    "web_search",
    "web_fetch",
    "code_execution",
    "file_search",
    "image_generation",
  ];

  /** What the admin route `chat-provider/providers` says of a service's tools. */
  interface Service extends ServiceForm.Addresses {
    id: string;
    label: string;
    hostedTools?: { form?: string; names: string[] };
  }

  /** What a provider offers. `needsForm`: its service has tools, in another form. */
  interface Offer {
    names: readonly string[];
    needsForm: boolean;
  }

  /** Reads the tools of a node. A flow of an earlier version has none. */
  export function readNames(value: unknown): string[] {
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** The tools that are ticked; before the dialog has its ticks, those of the node. */
  export function listTicked(stored: unknown): string[] {
    if ($("#chat-stream-hosted input").length === 0) return readNames(stored);
    return $("#chat-stream-hosted input:checked")
      .toArray()
      .map((tick) => String($(tick).val()));
  }

  /** Shows a tick for each tool of the chosen provider's service, and for what is ticked already. */
  export function prepare(node: EditorNode, stored: unknown): void {
    const chosen = readNames(stored);
    for (const name of new Set([...NAMES, ...chosen])) {
      const tick = $('<input type="checkbox">').val(name).prop("checked", chosen.includes(name));
      const text = NAMES.includes(name) ? node._(`chat-stream.hosted.${name}`) : name;
      $("#chat-stream-hosted").append($("<label>").append(tick, " ", $("<span>").text(text)));
    }
    let offer: Offer | undefined;
    const adapt = () => showOffer(node, offer);
    const update = async () => {
      offer = await readOffer();
      adapt();
    };
    $("#chat-stream-hosted").on("change", adapt);
    $("#node-input-provider").on("change", () => void update());
    adapt();
    void update();
  }

  /** @returns undefined if the services are not known */
  async function readOffer(): Promise<Offer | undefined> {
    const provider = RED.nodes.node(String($("#node-input-provider").val() ?? "")) as
      | (EditorNode & { provider?: string; api?: string; baseUrl?: string })
      | undefined;
    const services: unknown = await Promise.resolve($.getJSON("chat-provider/providers")).catch(
      () => undefined,
    );
    if (!provider || !Array.isArray(services)) return undefined;
    const service = (services as Service[]).find(({ id }) => id === (provider.provider || "demo"));
    const { form, names = [] } = service?.hostedTools ?? {};
    const asked = ServiceForm.readForm(provider, service) || service?.forms?.[0];
    const needsForm = form !== undefined && form !== asked;
    return { names: needsForm ? [] : names, needsForm };
  }

  function showOffer(node: EditorNode, offer: Offer | undefined): void {
    const ticked = listTicked(undefined);
    const offered = offer?.names ?? [];
    $("#chat-stream-hosted label").each((_index, label) => {
      const name = String($(label).find("input").val());
      $(label).toggle(offered.includes(name) || ticked.includes(name));
    });
    const missing = offer ? ticked.filter((name) => !offered.includes(name)) : [];
    const hint = offer?.needsForm ? "hosted-form" : missing.length > 0 ? "hosted-missing" : "hosted";
    const names = missing.map((name) => node._(`chat-stream.hosted.${name}`)).join(", ");
    $("#chat-stream-hosted-hint")
      .text(node._(`chat-stream.hint.${hint}`, { names }))
      .toggleClass("chat-wrong", missing.length > 0);
    const isNeeded = offered.length + ticked.length > 0 || offer?.needsForm === true;
    $("#chat-stream-hosted-row").prop("hidden", !isNeeded);
    $("#chat-stream-stores-row").prop("hidden", !ticked.includes("file_search"));
    // Whether it may be empty depends on the tick.
    $("#node-input-vectorStores").trigger("change");
  }
}
