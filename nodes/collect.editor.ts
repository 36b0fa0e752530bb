/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/dialog.editor.ts" />
/// <reference path="editor/schema.editor.ts" />
/// <reference path="editor/schema-field.editor.ts" />

/** The editor half of collect. */
(() => {
  interface CollectNode extends EditorNode {
    parse?: "asked" | "text" | "json";
    schema?: unknown;
    messageSchemas?: boolean;
    timeout?: number | string;
  }

  function checkSchema(this: CollectNode, value: unknown, _options: object): true | string {
    const isText = ($("#node-input-parse").val() ?? this.parse) === "text";
    if (isText || !Schema.isGiven(value)) return true;
    const mistake = Schema.findMistake(value, true);
    return mistake === undefined || `${this._("collect.label.schema")}: ${mistake}`;
  }

  RED.nodes.registerType<CollectNode>("collect", {
    category: "AI",
    color: "#8FBFC3",
    icon: "chat-collect.svg",
    defaults: {
      name: { value: "" },
      parse: { value: "asked" },
      schema: { value: "", validate: checkSchema },
      messageSchemas: { value: false },
      timeout: { value: 600, validate: Validators.checkNumber("timeout", { above: 0 }) },
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
      Dialog.fillMissing(this);
      const schema = $("#node-input-schema");
      // A flow written by hand may hold the schema as an object.
      if (typeof this.schema === "object") schema.val(Schema.toText(this.schema));
      $("#node-input-parse").on("change", () => {
        const parse = $("#node-input-parse").val();
        $("#collect-parse-hint").text(this._(`collect.hint.${parse}`));
        $("#collect-schema-row, #collect-message-schemas-row").toggle(parse !== "text");
        if (parse !== "text") SchemaField.showEditor(schema, true);
        schema.trigger("change");
      });
    },
  });
})();
