/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/dialog.editor.ts" />
/// <reference path="chat-endpoint.keys.editor.ts" />
/// <reference path="chat-endpoint.forms.editor.ts" />

/** The editor half of chat-endpoint. */
(() => {
  interface EndpointNode extends EditorNode {
    path?: string;
    open?: boolean;
    broker?: string;
    topic?: string;
    forms?: unknown;
  }

  const { isVariable } = Validators;

  /** Characters that a path has without being escaped. */
  const PATH = /^[\w.~/-]*$/;

  /** Whether it stands at a broker. While the dialog is open, the tick says so. */
  function isAtBroker(node: EndpointNode): boolean {
    const tick = $("#chat-endpoint-use-broker");
    return tick.length > 0 ? tick.is(":checked") : hasBroker(node.broker);
  }

  function hasBroker(value: unknown): boolean {
    return !!value && value !== "_ADD_";
  }

  function checkBroker(this: EndpointNode, value: unknown, _options: object): true | string {
    return !isAtBroker(this) || hasBroker(value) || this._("chat-endpoint.error.broker");
  }

  function checkTopic(this: EndpointNode, value: unknown, _options: object): true | string {
    return !isAtBroker(this) || !/[+#]/.test(String(value ?? "")) || this._("chat-endpoint.error.topic");
  }

  function checkPath(this: EndpointNode, value: unknown, _options: object): true | string {
    if (isAtBroker(this)) return true;
    const path = String(value ?? "").trim();
    if (isVariable(path)) return true;
    if (!PATH.test(path)) return this._("chat-endpoint.error.path");
    const isTaken = listEndpoints().some(
      (other) =>
        other.id !== this.id && !hasBroker(other.broker) && normalizePath(other.path) === normalizePath(path),
    );
    return !isTaken || this._("chat-endpoint.error.pathTaken");
  }

  function checkOpen(this: EndpointNode, value: unknown, _options: object): true | string {
    const typed = $("#node-config-input-keys");
    const hasKeys =
      typed.length > 0 ? !!typed.val() : !!(this.credentials?.["has_keys"] || this.credentials?.["keys"]);
    return isAtBroker(this) || value === true || hasKeys || this._("chat-endpoint.error.closed");
  }

  function checkOrigins(this: EndpointNode, value: unknown, _options: object): true | string {
    const origins = String(value ?? "")
      .split(/[\s,]+/)
      .filter((origin) => origin !== "" && origin !== "*" && !isVariable(origin));
    const wrong = origins.find((origin) => !/^[a-z][a-z\d+.-]*:\/\/[^/]+\/?$/i.test(origin));
    return wrong === undefined || this._("chat-endpoint.error.origins", { origin: wrong });
  }

  function checkForms(this: EndpointNode, value: unknown, _options: object): true | string {
    return EndpointForms.readForms(value).length > 0 || this._("chat-endpoint.error.forms");
  }

  RED.nodes.registerType<EndpointNode>("chat-endpoint", {
    category: "config",
    defaults: {
      name: { value: "" },
      path: { value: "/ai", validate: checkPath },
      broker: { value: "", type: "mqtt-broker", required: false, validate: checkBroker },
      topic: { value: "chat", validate: checkTopic },
      maxCalls: { value: 8, validate: Validators.checkNumber("maxCalls", { min: 1, whole: true }, "whole") },
      open: { value: false, validate: checkOpen },
      forms: { value: [...EndpointForms.NAMES], validate: checkForms },
      keep: { value: 300, validate: Validators.checkNumber("keep", { min: 0 }) },
      goesOn: { value: false },
      origins: { value: "", validate: checkOrigins },
    },
    credentials: {
      keys: { type: "password" },
    },
    paletteLabel: "chat endpoint",
    label() {
      const place = hasBroker(this.broker) ? this.topic : normalizePath(this.path);
      return this.name || place || this._("chat-endpoint.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      Dialog.fillMissing(this, "node-config-input");
      EndpointKeys.showKeys(this);
      EndpointForms.showForms(this, this.forms);
      const path = $("#node-config-input-path");
      const showAddress = () => {
        const address = `${readRoot()}${normalizePath(path.val())}`;
        $("#chat-endpoint-address").text(this._("chat-endpoint.hint.path", { address }));
      };
      path.on("change keyup paste input", () => setTimeout(showAddress));
      showAddress();
      const tick = $("#chat-endpoint-use-broker").prop("checked", hasBroker(this.broker));
      const adapt = () => {
        $("#chat-endpoint-at-broker").toggle(tick.is(":checked"));
        $("#chat-endpoint-at-path").toggle(!tick.is(":checked"));
        for (const name of ["broker", "topic", "path", "open"])
          $(`#node-config-input-${name}`).trigger("change");
      };
      tick.on("change", adapt);
      adapt();
    },
    oneditsave() {
      this.forms = EndpointForms.listTicked();
      if (!isAtBroker(this)) $("#node-config-input-broker").val("_ADD_");
    },
  });

  function listEndpoints(): EndpointNode[] {
    const found: EndpointNode[] = [];
    RED.nodes.eachConfig((node) => {
      if (node.type === "chat-endpoint") found.push(node as EndpointNode);
    });
    return found;
  }

  function normalizePath(path: unknown): string {
    return joinSegments(String(path || "/ai"));
  }

  function joinSegments(path: string): string {
    const segments = path.split("/").filter((segment) => segment !== "");
    return segments.map((segment) => `/${segment}`).join("");
  }

  /** @returns the address of the HTTP root of flows, without a slash at its end */
  function readRoot(): string {
    const { origin, pathname } = new URL(RED.settings.httpNodeRoot || "/", location.href);
    return origin + joinSegments(pathname);
  }
})();
