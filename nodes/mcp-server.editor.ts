/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/dialog.editor.ts" />
/// <reference path="editor/pairs.editor.ts" />

/** The editor half of mcp-server. */
(() => {
  interface ServerNode extends EditorNode {
    transport?: string;
    url?: string;
    command?: string;
    [setting: string]: unknown;
  }

  const { checkNumber, isVariable, parseUrl } = Validators;

  const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
  const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

  const isHeaderName = (name: string) => HEADER_NAME.test(name);
  const isVariableName = (name: string) => /^[^=\0]+$/.test(name);

  function findField(setting: string): JQuery {
    return $(`#node-config-input-${setting}`);
  }

  /** @returns the transport that is chosen in the open dialog, otherwise the node's */
  function readTransport(node: ServerNode): string {
    return String(findField("transport").val() ?? node.transport ?? "http");
  }

  function checkUrl(this: ServerNode, value: unknown, _options: object): true | string {
    const text = String(value ?? "").trim();
    if (readTransport(this) !== "http" || isVariable(text)) return true;
    const url = parseUrl(text);
    const isRight = url && /^https?:$/.test(url.protocol) && !url.username && !url.password;
    return isRight ? true : this._("mcp-server.error.url");
  }

  function checkCommand(this: ServerNode, value: unknown, _options: object): true | string {
    const isNeeded = readTransport(this) === "stdio";
    return !isNeeded || String(value ?? "").trim() !== "" || this._("mcp-server.error.command");
  }

  function checkHeaders(this: ServerNode, value: unknown, _options: object): true | string {
    return Pairs.arePairs(value, isHeaderName) || this._("mcp-server.error.headers");
  }

  function checkEnv(this: ServerNode, value: unknown, _options: object): true | string {
    return Pairs.arePairs(value, isVariableName) || this._("mcp-server.error.env");
  }

  RED.nodes.registerType<ServerNode>("mcp-server", {
    category: "config",
    defaults: {
      name: { value: "" },
      transport: { value: "http" },
      url: { value: "", validate: checkUrl },
      allowInsecure: { value: false },
      headers: { value: "", validate: checkHeaders },
      command: { value: "", validate: checkCommand },
      args: { value: "" },
      cwd: { value: "" },
      env: { value: "", validate: checkEnv },
      connectTimeout: { value: 60, validate: checkNumber("connectTimeout", { above: 0 }) },
    },
    credentials: {
      token: { type: "password" },
      secretHeaders: { type: "password" },
      secretEnv: { type: "password" },
    },
    paletteLabel: "mcp server",
    label() {
      const place = this.transport === "stdio" ? this.command : parseUrl(String(this.url))?.host;
      return this.name || place || this._("mcp-server.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      Dialog.fillMissing(this, "node-config-input");
      // A list in a flow that was written by hand.
      if (Array.isArray(this["args"])) findField("args").val(this["args"].join("\n"));
      Pairs.show(this, {
        id: "mcp-server-headers",
        plain: findField("headers"),
        secret: findField("secretHeaders"),
        credential: "secretHeaders",
        translate: (key, values) => this._(`mcp-server.headers.${key}`, values),
        isName: isHeaderName,
      });
      Pairs.show(this, {
        id: "mcp-server-env",
        plain: findField("env"),
        secret: findField("secretEnv"),
        credential: "secretEnv",
        translate: (key, values) => this._(`mcp-server.env.${key}`, values),
        isName: isVariableName,
      });
      const adapt = () => {
        const transport = readTransport(this);
        const url = parseUrl(String(findField("url").val()));
        $(".mcp-server-http").toggle(transport === "http");
        $(".mcp-server-stdio").toggle(transport === "stdio");
        $("#mcp-server-insecure-row").toggle(url?.protocol === "http:" && !LOOPBACK.test(url.hostname));
      };
      $("#mcp-server-form").on("change keyup paste input", () => setTimeout(adapt));
      findField("transport").on("change", () => {
        findField("url").trigger("keyup");
        findField("command").trigger("keyup");
      });
      adapt();
      prepareTest(this);
    },
  });

  /** Lets the author test what is deployed. */
  function prepareTest(node: ServerNode): void {
    const result = $("#mcp-server-test-result");
    const show = (text: string, kind = "") => result.text(text).attr("class", `chat-hint ${kind}`);
    $("#mcp-server-test").on("click", () => {
      if (!RED.nodes.node(node.id) || node.changed) {
        show(node._("mcp-server.test.deployFirst"), "chat-warning");
        return;
      }
      show(node._("mcp-server.test.running"));
      $.post(`mcp-server/${encodeURIComponent(node.id)}/test`).then(
        ({ ok, message, tools = [] }: { ok: boolean; message: string; tools?: string[] }) =>
          show([message, tools.join(", ")].filter(Boolean).join(": "), ok ? "chat-right" : "chat-wrong"),
        () => show(node._("mcp-server.test.unreachable"), "chat-wrong"),
      );
    });
  }
})();
