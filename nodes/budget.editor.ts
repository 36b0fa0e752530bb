/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/dialog.editor.ts" />

/** The editor half of budget. */
(() => {
  interface BudgetNode extends EditorNode {
    limit?: number | string;
    unit?: "usd" | "tokens" | "requests";
    window?: number | string;
    key?: string;
    keyType?: string;
    warnAt?: number | string;
    reserve?: number | string;
    store?: string;
  }

  const { checkNumber, isVariable } = Validators;

  const WINDOWS = ["hour", "day", "month"];

  function checkWindow(this: BudgetNode, value: unknown, _options: object): true | string {
    const text = String(value ?? "day");
    return WINDOWS.includes(text) || isVariable(text) || Number(text) > 0 || this._("budget.error.window");
  }

  /** Shows the window as a choice, and beside it the number of seconds if that is chosen. */
  function prepareWindow(node: BudgetNode): void {
    const choice = $("#budget-window");
    const seconds = $("#budget-seconds");
    const stored = String(node.window ?? "day");
    const isNamed = WINDOWS.includes(stored);
    choice.val(isNamed ? stored : "seconds");
    seconds.val(isNamed ? "" : stored);
    const adapt = () => {
      const isCounted = choice.val() === "seconds";
      seconds.toggle(isCounted);
      $("#node-input-window")
        .val(String(isCounted ? seconds.val() : choice.val()))
        .trigger("change");
    };
    choice.on("change", adapt);
    seconds.on("change keyup paste input", adapt);
    adapt();
  }

  RED.nodes.registerType<BudgetNode>("budget", {
    category: "AI",
    color: "#8FBFC3",
    icon: "chat-budget.svg",
    defaults: {
      name: { value: "" },
      limit: { value: 1, validate: checkNumber("limit", { above: 0 }) },
      unit: { value: "usd" },
      window: { value: "day", validate: checkWindow },
      key: { value: "" },
      keyType: { value: "str" },
      warnAt: { value: 80, validate: checkNumber("warnAt", { min: 0, max: 100 }) },
      reserve: { value: 2000, validate: checkNumber("reserve", { min: 0, whole: true }) },
      store: { value: "" },
    },
    inputs: 1,
    outputs: 4,
    paletteLabel: "budget",
    inputLabels() {
      return this._("budget.port.input");
    },
    outputLabels(index) {
      return ["stream", "request", "near", "usedUp"].map((port) => this._(`budget.port.${port}`))[index];
    },
    label() {
      return this.name || this._("budget.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      Dialog.fillMissing(this);
      prepareWindow(this);
      Dialog.listStores("#node-input-store", this.store ?? "", this._("budget.store.none"));
      $("#node-input-key").typedInput({
        types: ["str", "msg", "flow", "global", "jsonata", "env"],
        typeField: "#node-input-keyType",
      });
      $("#node-input-unit").on("change", () => {
        $("#budget-unit-hint").text(this._(`budget.hint.${$("#node-input-unit").val()}`));
      });
      $("#node-input-unit").trigger("change");
    },
  });
})();
