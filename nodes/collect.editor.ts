/** The editor half of collect. */
(() => {
  interface CollectNode extends EditorNode {
    parse?: "text" | "json";
    schema?: unknown;
    timeout?: number | string;
  }

  /** A value that Node-RED replaces by an environment variable when the node starts. */
  const ENVIRONMENT = /^\$(\{[^}]+\}|\([^)]+\))$/;

  function schemaOrNone(this: CollectNode, value: unknown, _options: object): true | string {
    const text =
      typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "").trim();
    const parses = ($("#node-input-parse").val() ?? this.parse) === "json";
    if (!parses || text === "" || ENVIRONMENT.test(text)) return true;
    const problem = $.chatSchema.problem(text, true);
    return problem === undefined || `${this._("collect.label.schema")}: ${problem}`;
  }

  RED.nodes.registerType<CollectNode>("collect", {
    category: "AI",
    color: "#8FBFC3",
    icon: "chat-collect.svg",
    defaults: {
      name: { value: "" },
      parse: { value: "text" },
      schema: { value: "", validate: schemaOrNone },
      timeout: {
        value: 600,
        validate(value, _options) {
          const given = value ?? this._def.defaults["timeout"]!.value;
          if (ENVIRONMENT.test(String(given).trim())) return true;
          return (given !== "" && Number(given) > 0) || this._("collect.error.timeout");
        },
      },
    },
    inputs: 1,
    outputs: 2,
    paletteLabel: "collect",
    inputLabels() {
      return this._("collect.port.input");
    },
    outputLabels(index) {
      return [this._("collect.port.finished"), this._("collect.port.unfinished")][index];
    },
    label() {
      return this.name || this._("collect.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      // A flow written by hand may leave settings out; the runtime takes the same defaults.
      if (this.parse === undefined) $("#node-input-parse").val("text");
      if (this.timeout === undefined) $("#node-input-timeout").val(600);
      const schema = $("#node-input-schema");
      if (typeof this.schema === "object") schema.val(JSON.stringify(this.schema, null, 2));
      $("#node-input-parse").on("change", () => {
        const parse = $("#node-input-parse").val();
        $("#collect-parse-hint").text(this._(`collect.hint.${parse}`));
        $("#collect-schema-row").toggle(parse === "json");
        // The code editor measures itself, and so is made when its place is first seen.
        if (parse === "json" && schema.siblings(".chat-schema").length === 0) $.chatSchema.show(schema, true);
        schema.trigger("change");
      });
    },
  });
})();
