/** The editor half of retry. */
(() => {
  interface RetryNode extends EditorNode {
    attempts?: number | string;
    delay?: number | string;
    maxDelay?: number | string;
    afterText?: "continue" | "restart" | "stop";
    continueBy?: "auto" | "prefill" | "quote";
    [setting: string]: unknown;
  }

  /** A value that Node-RED replaces by an environment variable when the node starts. */
  const ENVIRONMENT = /^\$(\{[^}]+\}|\([^)]+\))$/;

  /** A number from `low` up; what a flow leaves out has its default. */
  function atLeast(setting: string, low: number, whole = false): Validator<RetryNode> {
    return function (value, _options) {
      const text = String(value ?? this._def.defaults[setting]!.value).trim();
      if (ENVIRONMENT.test(text)) return true;
      const number = Number(text);
      const right = text !== "" && number >= low && (!whole || Number.isInteger(number));
      return right || this._(`retry.error.${setting}`);
    };
  }

  RED.nodes.registerType<RetryNode>("retry", {
    category: "AI",
    color: "#8FBFC3",
    icon: "chat-retry.svg",
    defaults: {
      name: { value: "" },
      attempts: { value: 3, validate: atLeast("attempts", 1, true) },
      delay: { value: 500, validate: atLeast("delay", 0) },
      maxDelay: { value: 20000, validate: atLeast("maxDelay", 0) },
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
      // A flow written by hand may leave settings out; the runtime takes the same defaults.
      for (const [setting, { value }] of Object.entries(this._def.defaults)) {
        if (this[setting] === undefined) $(`#node-input-${setting}`).val(value as string);
      }
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
