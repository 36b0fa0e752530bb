/** The editor half of collect. */
(() => {
  interface CollectNode extends EditorNode {
    parse?: "text" | "json";
    timeout?: number | string;
  }

  RED.nodes.registerType<CollectNode>("collect", {
    category: "AI",
    color: "#8FBFC3",
    icon: "chat-collect.svg",
    defaults: {
      name: { value: "" },
      parse: { value: "text" },
      timeout: {
        value: 600,
        validate(value, _options) {
          const given = value ?? this._def.defaults["timeout"]!.value;
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
      $("#node-input-parse").on("change", () => {
        $("#collect-parse-hint").text(this._(`collect.hint.${$("#node-input-parse").val()}`));
      });
    },
  });
})();
