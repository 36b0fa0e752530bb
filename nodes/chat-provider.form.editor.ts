/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/service-form.editor.ts" />
/// <reference path="editor/connection-test.editor.ts" />
/// <reference path="chat-provider.services.editor.ts" />
/// <reference path="chat-provider.settings.editor.ts" />

/** What happens in chat-provider's dialog while it is open. */
namespace ProviderForm {
  type ProviderNode = ProviderServices.ProviderNode;
  type Service = ProviderServices.Service;

  /** A service with more settings than this gets a tab for them; others have them beside the key. */
  const MAX_SETTINGS_BESIDE_KEY = 4;
  /** The groups of services that their address does not tell. */
  const GROUPS: Readonly<Record<string, string>> = {
    demo: "builtIn",
    custom: "other",
    remote: "other",
    choreoai: "other",
    "saas-llm": "other",
  };
  const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

  const { isVariable, parseUrl } = Validators;
  const { findService, listServices, loadServices, normalizeId } = ProviderServices;

  /** Value of a password field whose credential is stored; the editor never gets the credential itself. */
  export const STORED = "__PWRD__";

  let readShownSettings = (): Record<string, unknown> => ({});

  /** @returns the settings in the open dialog that only the chosen service has */
  export function readSettings(): Record<string, unknown> {
    return readShownSettings();
  }

  /** @returns the field of a setting or of a credential */
  export function findField(setting: string): JQuery {
    return $(`#node-config-input-${setting}`);
  }

  /** Fills the list of services, and adapts the dialog to the service that is chosen. */
  export function prepareService(node: ProviderNode, tabs: Tabs): void {
    const select = findField("provider");
    const stored = node.provider || "demo";
    /** The settings of each service that was chosen since the dialog was opened. */
    const typed = new Map([[normalizeId(stored), node.settings ?? {}]]);
    let shownId: string | undefined;
    const showSettings = (service: Service | undefined) => {
      if (shownId !== undefined && shownId === service?.id) return;
      if (shownId !== undefined) typed.set(shownId, readSettings());
      shownId = service?.id;
      const hasTab = (service?.settings?.length ?? 0) > MAX_SETTINGS_BESIDE_KEY;
      $("#chat-provider-settings, #chat-provider-few-settings").empty();
      const page = "chat-provider-settings";
      if ($(`#red-ui-tab-${page}`).length > 0) tabs.removeTab(page);
      if (hasTab) tabs.addTab({ id: page, label: service!.label }, 1);
      const into = $(hasTab ? "#chat-provider-settings" : "#chat-provider-few-settings");
      const values = typed.get(service?.id ?? normalizeId(stored)) ?? {};
      readShownSettings = service
        ? ProviderSettings.showSettings(into, service, values, node._)
        : () => values;
    };
    const adapt = () => {
      const id = String(select.val());
      const service = findService(id);
      $(".chat-provider-http").toggle(id !== "demo" && id !== "remote");
      $(".chat-provider-demo").toggle(id === "demo");
      $(".chat-provider-fleet").toggle(id === "remote");
      findField("baseUrl").attr(
        "placeholder",
        service?.baseUrl ?? service?.exampleUrl ?? node._("chat-provider.placeholder.baseUrl"),
      );
      // The stored key belongs to another service; the chosen one would receive it.
      showKeyHint(node, service, id !== stored && findField("apiKey").val() === STORED);
      showForms(node, service);
      showSettings(service);
      findField("baseUrl").trigger("keyup");
      findField("apiKey").trigger("keyup");
    };
    select.on("change", adapt);
    // A key that is missing marks the node in the flow, and in the dialog the key's own field.
    const unmark = () => select.removeClass("input-error");
    const unmarkSoon = () => setTimeout(() => select.val() && unmark(), 30);
    $("#chat-provider-pages").on("change keyup paste input", unmarkSoon);
    setTimeout(unmarkSoon, 50);
    const fillList = () => fillServices(node, select, stored);
    fillList();
    loadServices().then(fillList, () =>
      $("#chat-provider-provider-hint").text(node._("chat-provider.hint.noList")).show(),
    );
  }

  /** Lists the services by groups. The chosen one stays chosen. */
  function fillServices(node: ProviderNode, select: JQuery, stored: string): void {
    const chosen = String(select.val() ?? stored);
    const groups: Record<string, JQuery[]> = { builtIn: [], remote: [], local: [], other: [] };
    for (const { id, label, baseUrl } of listServices()) {
      const group = GROUPS[id] ?? (baseUrl && isLocal(baseUrl) ? "local" : "remote");
      const value = id === "custom" && stored === "openai-compatible" ? stored : id;
      groups[group]!.push($("<option>").val(value).text(label));
    }
    // A service that the runtime does not list can still be chosen if it is stored.
    if (!findService(chosen)) groups["other"]!.push($("<option>").val(chosen).text(chosen));
    select.empty();
    for (const [group, options] of Object.entries(groups)) {
      const label = node._(`chat-provider.group.${group}`);
      if (options.length > 0) $("<optgroup>").attr("label", label).append(options).appendTo(select);
    }
    select.val(chosen).trigger("change");
  }

  /** Says what the field of the key takes, and where to get a key. @param isForeign whether the stored key is of another service */
  function showKeyHint(node: ProviderNode, service: Service | undefined, isForeign: boolean): void {
    const isOptional = service !== undefined && !service.keyRequired;
    const key = isOptional ? "keyOptional" : "key";
    findField("apiKey").attr("placeholder", node._(`chat-provider.placeholder.${key}`));
    const variable = `\${${service?.keyVariable ?? "MY_API_KEY"}}`;
    const needsNoKey = isOptional && !service.keyVariable && service.id !== "custom";
    const hint = isForeign ? "foreignKey" : needsNoKey ? "noKey" : service?.keyVariable ? "emptyKey" : "key";
    $("#chat-provider-key-hint")
      .text(`${node._(`chat-provider.hint.${hint}`, { variable, name: service?.keyVariable ?? "" })} `)
      .toggleClass("chat-warning", isForeign);
    if (service?.keyPage)
      $("<a>", { href: service.keyPage, target: "_blank", rel: "noopener" })
        .text(node._("chat-provider.hint.getKey"))
        .appendTo("#chat-provider-key-hint");
  }

  /** Offers the forms of a service that has both. Another service keeps no choice. */
  function showForms(node: ProviderNode, service: Service | undefined): void {
    // Until the runtime has told its services, the field stays empty, so that a stored choice is not lost.
    if (!service) return;
    const field = findField("api");
    const forms = service.forms ?? [];
    const chosen = String(field.val() ?? ServiceForm.readForm(node, service));
    field.empty();
    const addOption = (value: string, text: string) => $("<option>").val(value).text(text).appendTo(field);
    const better = forms[0] ?? "chat";
    addOption("", node._("chat-provider.api.default", { form: node._(`chat-provider.api.${better}`) }));
    for (const form of forms) addOption(form, node._(`chat-provider.api.${form}`));
    field.val(forms.some((form) => form === chosen) ? chosen : "");
    $("#chat-provider-api-row").prop("hidden", forms.length < 2);
  }

  /** Shows the fields for TLS, a proxy and plain HTTP only if they are needed. */
  export function prepareConnection(): void {
    for (const setting of ["tls", "proxy"]) {
      const tick = $(`#chat-provider-use-${setting}`);
      const id = findField(setting).val();
      tick.prop("checked", !!id && id !== "_ADD_");
      tick
        .on("change", () => $(`#chat-provider-${setting}-row`).toggle(tick.is(":checked")))
        .trigger("change");
    }
    // The question matters for plain HTTP to another machine, and for an address that is not known here.
    const showInsecure = () => {
      const text = String(findField("baseUrl").val()).trim();
      const matters = isVariable(text) || (parseUrl(text)?.protocol === "http:" && !isLocal(text));
      $("#chat-provider-insecure-row").toggle(matters || findField("allowInsecure").is(":checked"));
    };
    findField("baseUrl").on("change keyup paste input", () => setTimeout(showInsecure));
  }

  /** Shows the fields of the cassette only if there is one, with a hint of what happens to it. */
  export function prepareCassette(node: ProviderNode): void {
    const choice = findField("record");
    choice.on("change", () => {
      const record = String(choice.val());
      $(".chat-provider-cassette").toggle(record !== "off");
      $("#chat-provider-at-once").toggle(record === "replay");
      if (record !== "off") $("#chat-provider-cassette-hint").text(node._(`chat-provider.hint.${record}`));
      // A replay needs no key, and only a cassette that is used needs a name.
      for (const setting of ["cassette", "provider", "apiKey"]) findField(setting).trigger("change");
    });
    choice.trigger("change");
  }

  /** Prepares the button that tests the provider as it stands in the dialog. */
  export function prepareTest(node: ProviderNode): void {
    ConnectionTest.prepare({
      id: "chat-provider",
      url: "chat-provider/draft/test",
      readDraft: () => readDraft(node),
      translate: (key) => node._(`chat-provider.test.${key}`),
      // A missing model list proves nothing: some gateways have none.
      describe: ({ ok, code, message }: { ok: boolean; code?: string; message: string }) => [
        message,
        ok ? "chat-right" : code === "not_found" ? "chat-warning" : "chat-wrong",
      ],
    });
  }

  /** Reads the provider as it stands in the dialog, for the runtime. A credential that is stored stays there. */
  function readDraft(node: ProviderNode): object {
    const config: Record<string, unknown> = { settings: readSettings() };
    for (const setting of Object.keys(node._def.defaults)) {
      if (setting === "settings") continue;
      const field = findField(setting);
      const value = field.attr("type") === "checkbox" ? field.is(":checked") : field.val();
      config[setting] = value === "_ADD_" ? "" : (value ?? node[setting]);
    }
    for (const setting of ["tls", "proxy"])
      if (!$(`#chat-provider-use-${setting}`).is(":checked")) config[setting] = "";
    const credentials = {
      apiKey: findField("apiKey").val(),
      secretHeaders: findField("secretHeaders").val(),
    };
    return { id: node.id, config, credentials };
  }

  /** Whether the service runs on this machine. */
  function isLocal(url: string): boolean {
    return LOOPBACK.test(parseUrl(url)?.hostname ?? "");
  }
}
