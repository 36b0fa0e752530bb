/// <reference path="editor/red.d.ts" />

/** The editor half of chat-out. */
(() => {
  RED.nodes.registerType("chat-out", {
    category: "AI",
    color: "#8FBFC3",
    icon: "chat-out.svg",
    defaults: {
      name: { value: "" },
    },
    inputs: 1,
    outputs: 1,
    paletteLabel: "chat out",
    inputLabels() {
      return this._("chat-out.port.input");
    },
    outputLabels() {
      return this._("chat-out.port.output");
    },
    label() {
      return this.name || this._("chat-out.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
  });
})();
