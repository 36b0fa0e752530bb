/** The editor half of chat-provider. */
(() => {
  /** A service as the runtime lists it; see the admin route `chat-provider/providers`. */
  interface Service {
    id: string;
    label: string;
    baseUrl?: string;
    keyRequired: boolean;
    keyVariable?: string;
  }

  interface ProviderNode extends EditorNode {
    provider?: string;
    baseUrl?: string;
    [setting: string]: unknown;
  }

  interface Header {
    name: string;
    value: string;
    secret: boolean;
  }

  /** Stands in a password field for what is stored; the editor never gets more. */
  const STORED = "__PWRD__";
  const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
  const ENVIRONMENT = /^\$(\{[^}]+\}|\([^)]+\))$/;
  const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

  /** Known once a dialog has asked for it. Until then only what the flow itself says can be judged. */
  let services: Service[] = [];

  const field = (setting: string) => $(`#node-config-input-${setting}`);
  const serviceOf = (id: unknown) =>
    services.find((service) => service.id === (id === "openai-compatible" ? "custom" : id));

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
      const number = Number(given);
      const fits = kind === "seconds" ? number > low : number >= low;
      if (given !== "" && fits && (kind !== "whole" || Number.isInteger(number))) return true;
      return this._(`chat-provider.error.${kind}`, { what: this._(`chat-provider.label.${setting}`), low });
    };
  }

  function provider(this: ProviderNode, value: unknown, _options: object): true | string {
    if (!value) return this._("chat-provider.error.provider");
    const service = serviceOf(value);
    // Without this the node would count as complete once its dialog is closed. Unknown until it was open.
    const lacksKey = this.credentials?.["has_apiKey"] === false && !field("apiKey").val();
    return (
      !service?.keyRequired || !lacksKey || this._("chat-provider.error.key", { service: service.label })
    );
  }

  function baseUrl(this: ProviderNode, value: unknown, _options: object): true | string {
    const id = chosen(this);
    const text = String(value ?? "").trim();
    if (id === "demo" || ENVIRONMENT.test(text)) return true;
    if (text === "") {
      const needed = id === "custom" || id === "openai-compatible";
      return !needed || this._("chat-provider.error.baseUrlMissing");
    }
    const url = parseUrl(text);
    if (!url || (url.protocol !== "http:" && url.protocol !== "https:"))
      return this._("chat-provider.error.baseUrl");
    return !(url.username || url.password) || this._("chat-provider.error.baseUrlUser");
  }

  function apiKey(this: ProviderNode, value: unknown, _options: object): true | string {
    const service = serviceOf(chosen(this));
    return !service?.keyRequired || !!value || this._("chat-provider.error.key", { service: service.label });
  }

  function plainHeaders(this: ProviderNode, value: unknown, _options: object): true | string {
    const names = Object.keys(readHeaders(value) ?? { "": "" });
    return names.every((name) => HEADER_NAME.test(name)) || this._("chat-provider.error.headers");
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
      tolerant: { value: false },
      headers: { value: "", validate: plainHeaders },
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
      showTabs(this);
      prepareService(this);
      prepareConnection();
      prepareHeaders(this);
      prepareTest(this);
    },
    oneditsave() {
      // A picker that is not ticked is no choice; as in core's http request node.
      for (const setting of ["tls", "proxy"]) {
        if (!$(`#chat-provider-use-${setting}`).is(":checked")) field(setting).val("_ADD_");
      }
    },
  });

  /** A flow written by hand may leave settings out; the runtime takes the same defaults. */
  function fillMissing(node: ProviderNode): void {
    for (const [setting, { value, type }] of Object.entries(node._def.defaults)) {
      const fills = node[setting] === undefined && !type && typeof value !== "boolean";
      if (fills) field(setting).val(value as string);
    }
  }

  function showTabs(node: ProviderNode): void {
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
  }

  /** The list of services, and what depends on the one that is chosen. */
  function prepareService(node: ProviderNode): void {
    const select = field("provider");
    const stored = node.provider || "demo";
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
      field("baseUrl").trigger("keyup");
      field("apiKey").trigger("keyup");
    };
    select.on("change", adapt);
    fill();
    $.getJSON("chat-provider/providers").then(
      (list: Service[]) => {
        services = list;
        fill();
      },
      () => $("#chat-provider-provider-hint").text(node._("chat-provider.hint.noList")).show(),
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

  /** Rows of headers; the secret ones go to a credential, which the editor can replace but not read. */
  function prepareHeaders(node: ProviderNode): void {
    const list = $("#chat-provider-header-list");
    const word = (key: string, values = {}) => node._(`chat-provider.headers.${key}`, values);
    const stored = field("secretHeaders").val() === STORED && !node.credentials?.["secretHeaders"];
    let kept = stored;
    const rows = () =>
      list
        .editableList("items")
        .toArray()
        .map((item) => $(item).data("data") as Header);
    const secrets = () => rows().filter(({ name, value, secret }) => secret && (name !== "" || value !== ""));
    const write = () => {
      if (secrets().length > 0) kept = false;
      field("headers").val(asJson(rows().filter(({ secret }) => !secret)));
      field("secretHeaders")
        .val(kept ? STORED : asJson(secrets()))
        .trigger("change");
      const fate = kept ? "kept" : secrets().length > 0 ? "replaced" : "removed";
      $("#chat-provider-stored").toggle(stored);
      $("#chat-provider-stored-text").text(word(fate, { count: secrets().length }));
      $("#chat-provider-stored-button").text(word(kept ? "replace" : "keep"));
    };
    const addItem = (row: JQuery, _index: number, data: Partial<Header>) => {
      const header: Header = Object.assign(data, { name: "", value: "", secret: false, ...data });
      const name = $('<input type="text">').attr("placeholder", word("name")).val(header.name);
      const value = $("<input>").attr("placeholder", word("value")).val(header.value);
      const secret = $('<input type="checkbox">').prop("checked", header.secret);
      const update = () => {
        header.name = String(name.val()).trim();
        header.value = String(value.val());
        header.secret = secret.is(":checked");
        value.attr("type", header.secret ? "password" : "text");
        const blank = header.name === "" && header.value === "";
        name.toggleClass("input-error", !blank && !HEADER_NAME.test(header.name));
        write();
      };
      row.addClass("chat-header").append(name, value, $("<label>").text(word("secret")).prepend(secret));
      row.on("change keyup paste", () => setTimeout(update));
      setTimeout(update);
    };
    list.editableList({
      addButton: word("add"),
      removable: true,
      height: "auto",
      addItem,
      removeItem: () => setTimeout(write),
    });
    const plain = readHeaders(field("headers").val()) ?? {};
    const typed = readHeaders(node.credentials?.["secretHeaders"]) ?? {};
    for (const [name, value] of Object.entries(plain)) list.editableList("addItem", { name, value });
    for (const [name, value] of Object.entries(typed)) {
      list.editableList("addItem", { name, value, secret: true });
    }
    $("#chat-provider-stored-button").on("click", () => {
      kept = !kept;
      if (kept) for (const row of secrets()) list.editableList("removeItem", row);
      write();
    });
    write();
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
        ({ ok, message }: { ok: boolean; message: string }) =>
          show(message, ok ? "chat-right" : "chat-wrong"),
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
    const settings = Object.entries(node._def.defaults);
    return (
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

  /** @returns undefined for what is not a JSON object of texts */
  function readHeaders(text: unknown): Record<string, string> | undefined {
    try {
      const parsed: unknown = JSON.parse(String(text || "{}"));
      const texts = parsed && typeof parsed === "object" && !Array.isArray(parsed);
      if (!texts || !Object.values(parsed).every((value) => typeof value === "string")) return undefined;
      return parsed as Record<string, string>;
    } catch {
      return undefined;
    }
  }

  function asJson(headers: readonly Header[]): string {
    const given = headers.filter(({ name, value }) => name !== "" || value !== "");
    if (given.length === 0) return "";
    return JSON.stringify(Object.fromEntries(given.map(({ name, value }) => [name, value])));
  }
})();
