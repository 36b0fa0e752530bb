/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/dialog.editor.ts" />
/// <reference path="editor/pairs.editor.ts" />
/// <reference path="editor/connection-test.editor.ts" />

/** The editor half of mcp-server. */
(() => {
  interface ServerNode extends EditorNode {
    transport?: string;
    url?: string;
    command?: string;
    [setting: string]: unknown;
  }

  /** The result of a test: the server's tools, or why it cannot be used and the last lines of its log. */
  interface Answer {
    ok: boolean;
    message: string;
    tools?: string[];
    log?: string[];
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
      ConnectionTest.prepare({
        id: "mcp-server",
        url: "mcp-server/draft/test",
        readDraft: () => readDraft(this),
        translate: (key) => this._(`mcp-server.test.${key}`),
        describe: (answer: Answer) => [describeAnswer(this, answer), answer.ok ? "chat-right" : "chat-wrong"],
      });
    },
  });

  /** Reads the server as it stands in the dialog, for the runtime. A credential that is stored stays there. */
  function readDraft(node: ServerNode): object {
    const config: Record<string, unknown> = {};
    for (const setting of Object.keys(node._def.defaults)) {
      const field = findField(setting);
      config[setting] = field.attr("type") === "checkbox" ? field.is(":checked") : field.val();
    }
    const credentials: Record<string, unknown> = {};
    for (const name of ["token", "secretHeaders", "secretEnv"]) credentials[name] = findField(name).val();
    return { id: node.id, config, credentials };
  }

  function describeAnswer(node: ServerNode, { message, tools = [], log = [] }: Answer): string {
    const sentence = [message, tools.join(", ")].filter(Boolean).join(": ");
    return log.length === 0 ? sentence : [sentence, node._("mcp-server.test.log"), ...log].join("\n");
  }
})();
