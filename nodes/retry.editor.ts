/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/dialog.editor.ts" />

/** The editor half of retry. */
(() => {
  interface RetryNode extends EditorNode {
    attempts?: number | string;
    delay?: number | string;
    maxDelay?: number | string;
    waits?: "random" | "fixed";
    afterText?: "continue" | "restart" | "stop";
    continueBy?: "auto" | "prefill" | "quote";
  }

  const { checkNumber } = Validators;

  RED.nodes.registerType<RetryNode>("retry", {
    category: "AI",
    color: "#8FBFC3",
    icon: "chat-retry.svg",
    defaults: {
      name: { value: "" },
      attempts: { value: 3, validate: checkNumber("attempts", { min: 1, whole: true }) },
      delay: { value: 500, validate: checkNumber("delay", { min: 0 }) },
      maxDelay: { value: 20000, validate: checkNumber("maxDelay", { min: 0 }) },
      waits: { value: "random" },
      afterText: { value: "continue" },
      continueBy: { value: "auto" },
    },
    inputs: 1,
    outputs: 3,
    paletteLabel: "retry",
    inputLabels() {
      return this._("retry.port.input");
    },
    outputLabels(index) {
      return [this._("retry.port.stream"), this._("retry.port.again"), this._("retry.port.fallback")][index];
    },
    label() {
      return this.name || this._("retry.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      Dialog.fillMissing(this);
      $("#node-input-afterText").on("change", () => {
        const chosen = String($("#node-input-afterText").val());
        $("#retry-afterText-hint").text(this._(`retry.hint.${chosen}`));
        $(".retry-continue-row").toggle(chosen === "continue");
      });
      $("#node-input-continueBy").on("change", () => {
        $("#retry-continueBy-hint").text(this._(`retry.hint.${$("#node-input-continueBy").val()}`));
      });
    },
  });
})();
