/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/dialog.editor.ts" />
/// <reference path="chat-provider.services.editor.ts" />
/// <reference path="chat-provider.settings.editor.ts" />
/// <reference path="chat-provider.form.editor.ts" />
/// <reference path="chat-provider.headers.editor.ts" />

/** The editor half of chat-provider. */
(() => {
  type ProviderNode = ProviderServices.ProviderNode;

  const { checkNumber, isObject, isVariable, parseObject, parseUrl } = Validators;
  const { findService, hasKey, needsKey, normalizeId, watchKeys } = ProviderServices;
  const { findField } = ProviderForm;

  /** @returns what the node does with its cassette, as it stands in the open dialog, otherwise in the node */
  function readRecord(node: ProviderNode): string {
    return String(findField("record").val() ?? node.record ?? "off");
  }

  /** Whether the node needs a key: its service does, and is asked. */
  function isKeyNeeded(node: ProviderNode, service: ProviderServices.Service | undefined): boolean {
    return readRecord(node) !== "replay" && needsKey(service, findField("baseUrl").val() ?? node.baseUrl);
  }

  /** @returns the id of the service that is chosen in the open dialog, otherwise the node's */
  function readServiceId(node: ProviderNode): string {
    return String(findField("provider").val() ?? node.provider ?? "");
  }

  function checkProvider(this: ProviderNode, value: unknown, _options: object): true | string {
    if (!value) return this._("chat-provider.error.provider");
    const service = findService(value);
    return (
      !isKeyNeeded(this, service) ||
      hasKey(this) ||
      !!findField("apiKey").val() ||
      this._("chat-provider.error.key", { service: service!.label })
    );
  }

  function checkBaseUrl(this: ProviderNode, value: unknown, _options: object): true | string {
    const id = readServiceId(this);
    const text = String(value ?? "").trim();
    if (id === "demo" || isVariable(text)) return true;
    if (text === "") {
      const service = findService(id);
      const isNeeded = service ? !service.baseUrl : normalizeId(id) === "custom";
      return !isNeeded || this._("chat-provider.error.baseUrlMissing");
    }
    const url = parseUrl(text);
    if (!url || (url.protocol !== "http:" && url.protocol !== "https:"))
      return this._("chat-provider.error.baseUrl");
    return !(url.username || url.password) || this._("chat-provider.error.baseUrlUser");
  }

  function checkApiKey(this: ProviderNode, value: unknown, _options: object): true | string {
    const service = findService(readServiceId(this));
    // A token among the secret headers may take the key's place.
    const key = value || findField("secretHeaders").val();
    return (
      !isKeyNeeded(this, service) || !!key || this._("chat-provider.error.key", { service: service!.label })
    );
  }

  function checkApi(this: ProviderNode, value: unknown, _options: object): true | string {
    const service = findService(readServiceId(this));
    const isKnown = !value || !service || (service.forms ?? ["chat"]).some((form) => form === value);
    return isKnown || this._("chat-provider.error.api", { service: service.label });
  }

  function checkBroker(this: ProviderNode, value: unknown, _options: object): true | string {
    const isMissing = !value || value === "_ADD_";
    return readServiceId(this) !== "remote" || !isMissing || this._("chat-provider.error.broker");
  }

  function checkTopic(this: ProviderNode, value: unknown, _options: object): true | string {
    return !/[+#]/.test(String(value ?? "")) || this._("chat-provider.error.topic");
  }

  function checkCassette(this: ProviderNode, value: unknown, _options: object): true | string {
    const text = String(value ?? "").trim();
    const isRight =
      readRecord(this) === "off" ||
      isVariable(text) ||
      (/^[^/].*\.json$/.test(text) && !text.split("/").includes(".."));
    return isRight || this._("chat-provider.error.cassette");
  }

  function checkHeaders(this: ProviderNode, value: unknown, _options: object): true | string {
    return ProviderHeaders.areHeaders(value) || this._("chat-provider.error.headers");
  }

  function checkPrices(this: ProviderNode, value: unknown, _options: object): true | string {
    const text = String(value ?? "").trim();
    if (text === "" || isVariable(text)) return true;
    const isPrice = (price: unknown) => typeof price === "number" && price >= 0;
    const models = parseObject(text);
    const isTable =
      models !== undefined &&
      Object.values(models).every(
        (model) =>
          isObject(model) && [model["input"], model["output"], ...Object.values(model)].every(isPrice),
      );
    return isTable || this._("chat-provider.error.prices");
  }

  function checkSettings(this: ProviderNode, value: unknown, _options: object): true | string[] {
    const service = findService(this.provider);
    const values = (value ?? {}) as Record<string, unknown>;
    const mistakes = service ? ProviderSettings.findMistakes(service, values, this._) : [];
    return mistakes.length === 0 || mistakes;
  }

  RED.nodes.registerType<ProviderNode>("chat-provider", {
    category: "config",
    defaults: {
      name: { value: "" },
      provider: { value: "demo", validate: checkProvider },
      baseUrl: { value: "", validate: checkBaseUrl },
      api: { value: "", validate: checkApi },
      allowInsecure: { value: false },
      tls: { value: "", type: "tls-config", required: false, label: RED._("node-red:httpin.tls-config") },
      proxy: { value: "", type: "http proxy", required: false, label: RED._("node-red:httpin.proxy-config") },
      broker: { value: "", type: "mqtt-broker", required: false, validate: checkBroker },
      topic: { value: "chat", validate: checkTopic },
      silence: { value: 5, validate: checkNumber("silence", { above: 0 }, "seconds") },
      connectTimeout: { value: 10, validate: checkNumber("connectTimeout", { above: 0 }, "seconds") },
      headersTimeout: { value: 120, validate: checkNumber("headersTimeout", { above: 0 }, "seconds") },
      firstChunkTimeout: { value: 120, validate: checkNumber("firstChunkTimeout", { above: 0 }, "seconds") },
      idleTimeout: { value: 60, validate: checkNumber("idleTimeout", { above: 0 }, "seconds") },
      progressTimeout: { value: 120, validate: checkNumber("progressTimeout", { above: 0 }, "seconds") },
      totalTimeout: { value: 600, validate: checkNumber("totalTimeout", { above: 0 }, "seconds") },
      maxConcurrent: { value: 8, validate: checkNumber("maxConcurrent", { min: 1, whole: true }, "whole") },
      maxQueued: { value: 100, validate: checkNumber("maxQueued", { min: 0, whole: true }, "whole") },
      maxRecord: {
        value: 1024,
        validate: checkNumber("maxRecord", { min: 1, max: 65_536, whole: true }, "wholeBetween"),
      },
      tolerant: { value: false },
      needsFinishReason: { value: false },
      headers: { value: "", validate: checkHeaders },
      settings: { value: {}, validate: checkSettings },
      prices: { value: "", validate: checkPrices },
      demoPace: { value: 30, validate: checkNumber("demoPace", { min: 0 }, "number") },
      record: { value: "off" },
      cassette: { value: "", validate: checkCassette },
      replayAtOnce: { value: false },
    },
    credentials: {
      apiKey: { type: "password", validate: checkApiKey },
      secretHeaders: { type: "password" },
    },
    paletteLabel: "chat provider",
    label() {
      if (this.name) return this.name;
      const service = findService(this.provider)?.label || this.provider || this._("chat-provider.default");
      return `${service}${ProviderServices.tellApart(this)}`;
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      Dialog.fillMissing(this, "node-config-input");
      const tabs = Dialog.showTabs(this, ["connection", "limits", "headers", "costs"]);
      ProviderForm.prepareService(this, tabs);
      ProviderForm.prepareConnection();
      ProviderForm.prepareCassette(this);
      ProviderHeaders.showHeaders(this);
      ProviderForm.prepareTest(this);
    },
    oneditsave() {
      // A config node whose box is not ticked is not used; core's http request node does the same.
      for (const setting of ["tls", "proxy"]) {
        if (!$(`#chat-provider-use-${setting}`).is(":checked")) findField(setting).val("_ADD_");
      }
      if (readServiceId(this) !== "remote") findField("broker").val("_ADD_");
      const settings = ProviderForm.readSettings();
      // A flow without such settings stays unchanged.
      if (this.settings || Object.keys(settings).length > 0) this.settings = settings;
    },
  });
  watchKeys();
})();
