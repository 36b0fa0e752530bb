/** The editor half of chat-provider. */
(() => {
  interface ProviderNode extends EditorNode {
    provider?: string;
    baseUrl?: string;
    settings?: Record<string, unknown>;
    /** The nodes that use it. */
    users?: EditorNode[];
    [setting: string]: unknown;
  }

  /** Stands in a password field for what is stored; the editor never gets more. */
  const STORED = "__PWRD__";
  const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
  const ENVIRONMENT = /^\$(\{[^}]+\}|\([^)]+\))$/;
  /** So many settings of a service stand beside its key; more get a page of their own. */
  const FEW = 4;

  /** Until the runtime has told them, only what the flow itself says can be judged. */
  let services: ChatService[] = [];
  /** Deployed providers that have no key, as far as the runtime was asked. */
  const keyless = new Set<string>();
  /** What stands in the fields of the open dialog that only the chosen service has. */
  let readSettings = (): Record<string, unknown> => ({});

  const field = (setting: string) => $(`#node-config-input-${setting}`);
  const idOf = (id: unknown) => (id === "openai-compatible" ? "custom" : String(id));
  const serviceOf = (id: unknown) => services.find((service) => service.id === idOf(id));

  function chosen(node: ProviderNode): string {
    return String(field("provider").val() ?? node.provider ?? "");
  }

  function atLeast(
    setting: string,
    low: number,
    kind: "seconds" | "whole" | "number",
  ): Validator<ProviderNode> {
    return function (value, _options) {
      const given = value ?? this._def.defaults[setting]!.value;
      if (ENVIRONMENT.test(String(given).trim())) return true;
      const number = Number(given);
      const fits = kind === "seconds" ? number > low : number >= low;
      if (given !== "" && fits && (kind !== "whole" || Number.isInteger(number))) return true;
      return this._(`chat-provider.error.${kind}`, { what: this._(`chat-provider.label.${setting}`), low });
    };
  }

  function provider(this: ProviderNode, value: unknown, _options: object): true | string {
    if (!value) return this._("chat-provider.error.provider");
    const service = serviceOf(value);
    const { credentials } = this;
    const stored = credentials
      ? credentials["has_apiKey"] || credentials["has_secretHeaders"]
      : !keyless.has(this.id);
    return (
      !service?.keyRequired ||
      !!stored ||
      !!field("apiKey").val() ||
      this._("chat-provider.error.key", { service: service.label })
    );
  }

  function baseUrl(this: ProviderNode, value: unknown, _options: object): true | string {
    const id = chosen(this);
    const text = String(value ?? "").trim();
    if (id === "demo" || ENVIRONMENT.test(text)) return true;
    if (text === "") {
      const service = serviceOf(id);
      const needed = service ? !service.baseUrl : idOf(id) === "custom";
      return !needed || this._("chat-provider.error.baseUrlMissing");
    }
    const url = parseUrl(text);
    if (!url || (url.protocol !== "http:" && url.protocol !== "https:"))
      return this._("chat-provider.error.baseUrl");
    return !(url.username || url.password) || this._("chat-provider.error.baseUrlUser");
  }

  function apiKey(this: ProviderNode, value: unknown, _options: object): true | string {
    const service = serviceOf(chosen(this));
    // A token among the secret headers may take the key's place.
    const given = value || field("secretHeaders").val();
    return !service?.keyRequired || !!given || this._("chat-provider.error.key", { service: service.label });
  }

  function plainHeaders(this: ProviderNode, value: unknown, _options: object): true | string {
    return $.chatHeaders.valid(value) || this._("chat-provider.error.headers");
  }

  function ownSettings(this: ProviderNode, value: unknown, _options: object): true | string[] {
    const service = serviceOf(this.provider);
    const faults = service
      ? $.chatSettings.faults(service, (value ?? {}) as Record<string, unknown>, this._)
      : [];
    return faults.length === 0 || faults;
  }

  RED.nodes.registerType<ProviderNode>("chat-provider", {
    category: "config",
    defaults: {
      name: { value: "" },
      provider: { value: "demo", validate: provider },
      baseUrl: { value: "", validate: baseUrl },
      allowInsecure: { value: false },
      tls: { value: "", type: "tls-config", required: false, label: RED._("node-red:httpin.tls-config") },
      proxy: { value: "", type: "http proxy", required: false, label: RED._("node-red:httpin.proxy-config") },
      connectTimeout: { value: 10, validate: atLeast("connectTimeout", 0, "seconds") },
      headersTimeout: { value: 120, validate: atLeast("headersTimeout", 0, "seconds") },
      firstChunkTimeout: { value: 120, validate: atLeast("firstChunkTimeout", 0, "seconds") },
      idleTimeout: { value: 60, validate: atLeast("idleTimeout", 0, "seconds") },
      progressTimeout: { value: 120, validate: atLeast("progressTimeout", 0, "seconds") },
      totalTimeout: { value: 600, validate: atLeast("totalTimeout", 0, "seconds") },
      maxConcurrent: { value: 8, validate: atLeast("maxConcurrent", 1, "whole") },
      maxQueued: { value: 100, validate: atLeast("maxQueued", 0, "whole") },
      maxRecord: { value: 1024, validate: atLeast("maxRecord", 1, "whole") },
      tolerant: { value: false },
      headers: { value: "", validate: plainHeaders },
      settings: { value: {}, validate: ownSettings },
      demoPace: { value: 30, validate: atLeast("demoPace", 0, "number") },
    },
    credentials: {
      apiKey: { type: "password", validate: apiKey },
      secretHeaders: { type: "password" },
    },
    paletteLabel: "chat provider",
    label() {
      return this.name || serviceOf(this.provider)?.label || this.provider || this._("chat-provider.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      fillMissing(this);
      prepareService(this, showTabs(this));
      prepareConnection();
      $.chatHeaders.show(this);
      prepareTest(this);
    },
    oneditsave() {
      // A picker that is not ticked is no choice; as in core's http request node.
      for (const setting of ["tls", "proxy"]) {
        if (!$(`#chat-provider-use-${setting}`).is(":checked")) field(setting).val("_ADD_");
      }
      const settings = readSettings();
      // A flow that has none stays as it is.
      if (this.settings || Object.keys(settings).length > 0) this.settings = settings;
    },
  });
  watchKeys();

  /** A flow written by hand may leave settings out; the runtime takes the same defaults. */
  function fillMissing(node: ProviderNode): void {
    for (const [setting, { value, type }] of Object.entries(node._def.defaults)) {
      const fills = node[setting] === undefined && !type && typeof value !== "boolean";
      if (fills) field(setting).val(value as string);
    }
  }

  /** @returns undefined where the runtime does not tell */
  async function listServices(): Promise<ChatService[]> {
    services = await $.getJSON("chat-provider/providers");
    return services;
  }

  /**
   * Has every provider judged anew whose service needs a key. Whether one is stored, the editor does not know until a
   * dialog is opened; the mark on a node without one must not wait for that.
   */
  function watchKeys(): void {
    const judge = (node: EditorNode) => {
      RED.editor.validateNode(node);
      for (const user of (node as ProviderNode).users ?? []) RED.editor.validateNode(user);
      RED.view.redraw();
    };
    const ask = async (node: ProviderNode) => {
      const has: EditorCredentials = await $.getJSON(
        `credentials/chat-provider/${encodeURIComponent(node.id)}`,
      );
      if (has["has_apiKey"] || has["has_secretHeaders"]) keyless.delete(node.id);
      else keyless.add(node.id);
      judge(node);
    };
    let planned = false;
    const askAll = () => {
      planned = false;
      RED.nodes.eachConfig((node) => {
        const service = node.type === "chat-provider" && serviceOf((node as ProviderNode).provider);
        if (!service) return;
        if (service.keyRequired) ask(node as ProviderNode).catch(() => {});
        else judge(node);
      });
    };
    const plan = () => {
      if (!planned) setTimeout(askAll, 50);
      planned = true;
    };
    listServices().then(plan, () => {});
    RED.events.on("deploy", plan);
    RED.events.on("nodes:add", (node) => node.type === "chat-provider" && plan());
  }

  function showTabs(node: ProviderNode): Tabs {
    const pages = $("#chat-provider-pages");
    const tabs = RED.tabs.create({
      id: "chat-provider-tabs",
      onchange: ({ id }) => {
        pages.children().hide();
        $(`#${id}`).show();
        RED.tray.resize();
      },
    });
    for (const page of ["connection", "limits", "headers"]) {
      tabs.addTab({ id: `chat-provider-${page}`, label: node._(`chat-provider.tab.${page}`) });
    }
    // A mistake on a page that is not in front would be invisible.
    const mark = () =>
      pages.children().each((_index, page) => {
        const wrong = $(page).find(".input-error").length > 0;
        $(`#red-ui-tab-${page.id}`).toggleClass("chat-tab-wrong", wrong);
      });
    pages.on("change keyup paste", () => setTimeout(mark));
    setTimeout(mark, 100);
    return tabs;
  }

  /** The list of services, and what depends on the one that is chosen. */
  function prepareService(node: ProviderNode, tabs: Tabs): void {
    const select = field("provider");
    const stored = node.provider || "demo";
    const typed = new Map([[idOf(stored), node.settings ?? {}]]);
    let shown: string | undefined;
    const showSettings = (service: ChatService | undefined) => {
      if (shown !== undefined && shown === service?.id) return;
      if (shown !== undefined) typed.set(shown, readSettings());
      shown = service?.id;
      const many = (service?.settings?.length ?? 0) > FEW;
      $("#chat-provider-settings, #chat-provider-few-settings").empty();
      const page = "chat-provider-settings";
      if ($(`#red-ui-tab-${page}`).length > 0) tabs.removeTab(page);
      if (many) tabs.addTab({ id: page, label: service!.label }, 1);
      const into = $(many ? "#chat-provider-settings" : "#chat-provider-few-settings");
      const values = typed.get(service?.id ?? idOf(stored)) ?? {};
      readSettings = service ? $.chatSettings.show(into, service, values, node._) : () => values;
    };
    const fill = () => {
      const now = String(select.val() ?? stored);
      const groups: Record<string, JQuery[]> = { builtIn: [], remote: [], local: [], other: [] };
      for (const { id, label, baseUrl } of services) {
        const group = id === "demo" ? "builtIn" : !baseUrl ? "other" : isLocal(baseUrl) ? "local" : "remote";
        const value = id === "custom" && stored === "openai-compatible" ? stored : id;
        groups[group]!.push($("<option>").val(value).text(label));
      }
      // Whatever becomes of the list, what is stored stays selectable.
      if (!serviceOf(now)) groups["other"]!.push($("<option>").val(now).text(now));
      select.empty();
      for (const [group, options] of Object.entries(groups)) {
        const label = node._(`chat-provider.group.${group}`);
        if (options.length > 0) $("<optgroup>").attr("label", label).append(options).appendTo(select);
      }
      select.val(now).trigger("change");
    };
    const adapt = () => {
      const id = String(select.val());
      const service = serviceOf(id);
      $(".chat-provider-remote").toggle(id !== "demo");
      $(".chat-provider-demo").toggle(id === "demo");
      const kind = service && !service.keyRequired ? "keyOptional" : "key";
      field("baseUrl").attr("placeholder", service?.baseUrl ?? node._("chat-provider.placeholder.baseUrl"));
      field("apiKey").attr("placeholder", node._(`chat-provider.placeholder.${kind}`));
      // The key that is stored was given for another service, which would now be told it.
      const foreign = id !== stored && field("apiKey").val() === STORED;
      const variable = `\${${service?.keyVariable ?? "MY_API_KEY"}}`;
      $("#chat-provider-key-hint")
        .text(node._(`chat-provider.hint.${foreign ? "foreignKey" : "key"}`, { variable }))
        .toggleClass("chat-warning", foreign);
      showSettings(service);
      field("baseUrl").trigger("keyup");
      field("apiKey").trigger("keyup");
    };
    select.on("change", adapt);
    fill();
    listServices().then(fill, () =>
      $("#chat-provider-provider-hint").text(node._("chat-provider.hint.noList")).show(),
    );
  }

  function prepareConnection(): void {
    for (const setting of ["tls", "proxy"]) {
      const tick = $(`#chat-provider-use-${setting}`);
      const id = field(setting).val();
      tick.prop("checked", !!id && id !== "_ADD_");
      tick
        .on("change", () => $(`#chat-provider-${setting}-row`).toggle(tick.is(":checked")))
        .trigger("change");
    }
    // Asked only where it matters: plain http to another machine, or an address that is not known here.
    const show = () => {
      const text = String(field("baseUrl").val()).trim();
      const matters = ENVIRONMENT.test(text) || (parseUrl(text)?.protocol === "http:" && !isLocal(text));
      $("#chat-provider-insecure-row").toggle(matters || field("allowInsecure").is(":checked"));
    };
    field("baseUrl").on("change keyup paste", () => setTimeout(show));
  }

  /** The test is of the node that runs: what stands in the dialog has not reached the runtime. */
  function prepareTest(node: ProviderNode): void {
    const button = $("#chat-provider-test");
    const result = $("#chat-provider-test-result");
    const show = (text: string, kind = "") => result.text(text).attr("class", kind);
    const deployed = () => !!RED.nodes.node(node.id) && !node.changed && !edited(node);
    const adapt = () => {
      const ready = deployed();
      if (button.prop("disabled") === ready) show(ready ? "" : node._("chat-provider.test.deployFirst"));
      button.prop("disabled", !ready);
    };
    button.on("click", () => {
      show(node._("chat-provider.test.running"));
      $.post(`chat-provider/${encodeURIComponent(node.id)}/test`).then(
        ({ ok, code, message }: { ok: boolean; code?: string; message: string }) =>
          // No list of models is no proof of anything: some gateways have none.
          show(message, ok ? "chat-right" : code === "not_found" ? "chat-warning" : "chat-wrong"),
        () => show(node._("chat-provider.test.unreachable"), "chat-wrong"),
      );
    });
    $("#chat-provider-form").on("change keyup paste click", () => setTimeout(adapt));
    setTimeout(adapt, 100);
  }

  /** Whether the dialog holds something else than the node does. */
  function edited(node: ProviderNode): boolean {
    const same = (setting: string, otherwise: unknown) => {
      const input = field(setting);
      if (input.attr("type") === "checkbox") return input.is(":checked") === Boolean(node[setting]);
      const value = String(input.val() ?? "");
      return (value === "_ADD_" ? "" : value) === String(node[setting] ?? otherwise);
    };
    const credential = (name: string) => {
      const has = node.credentials?.[`has_${name}`] === true;
      return field(name).val() !== (has ? STORED : "");
    };
    const settings = Object.entries(node._def.defaults).filter(([setting]) => setting !== "settings");
    return (
      JSON.stringify(readSettings()) !== JSON.stringify(node.settings ?? {}) ||
      settings.some(([setting, { value }]) => !same(setting, value)) ||
      credential("apiKey") ||
      credential("secretHeaders")
    );
  }

  function parseUrl(text: string): URL | undefined {
    try {
      return new URL(text);
    } catch {
      return undefined;
    }
  }

  function isLocal(url: string): boolean {
    return LOOPBACK.test(parseUrl(url)?.hostname ?? "");
  }
})();
