/// <reference path="editor/validators.editor.ts" />

/** The editor half of delta-buffer. */
(() => {
  interface DeltaBufferNode extends EditorNode {
    count?: number | string;
    milliseconds?: number | string;
    characters?: number | string;
    boundary?: string;
    smooth?: boolean;
    pace?: number | string;
  }

  interface Rules {
    milliseconds: string;
    count: string;
    characters: string;
    boundary: string;
  }

  const NO_RULES: Rules = { milliseconds: "", count: "", characters: "", boundary: "none" };

  /** The rules behind the names in the list. Other rules are called "own" there. */
  const PRESETS: Readonly<Record<string, Rules>> = {
    time: { ...NO_RULES, milliseconds: "50" },
    word: { ...NO_RULES, boundary: "word" },
    sentence: { ...NO_RULES, boundary: "sentence" },
    paragraph: { ...NO_RULES, boundary: "paragraph" },
  };

  const RULES = Object.keys(NO_RULES) as (keyof Rules)[];

  const { checkNumber } = Validators;
  const checkPaceNumber = checkNumber("pace", { above: 0, optional: true });

  /** Makes the validator of a rule, which is off if it is empty or 0. */
  function checkRule(rule: keyof Rules, whole = false): Validator<EditorNode> {
    return checkNumber(rule, { min: 0, whole, optional: true }, whole ? "whole" : "number");
  }

  /** Checks the pace only if it is used. */
  function checkPace(this: DeltaBufferNode, value: unknown, options: object) {
    const tick = $("#node-input-smooth");
    const isSmooth = tick.length > 0 ? tick.prop("checked") === true : this.smooth === true;
    return !isSmooth || checkPaceNumber.call(this, value, options);
  }

  RED.nodes.registerType<DeltaBufferNode>("delta-buffer", {
    category: "AI",
    color: "#8FBFC3",
    icon: "delta-buffer.svg",
    defaults: {
      name: { value: "" },
      milliseconds: { value: 50, validate: checkRule("milliseconds") },
      count: { value: "", validate: checkRule("count", true) },
      characters: { value: "", validate: checkRule("characters", true) },
      boundary: { value: "none" },
      smooth: { value: false },
      pace: { value: 12, validate: checkPace },
    },
    inputs: 1,
    outputs: 1,
    paletteLabel: "delta buffer",
    inputLabels() {
      return this._("delta-buffer.port.input");
    },
    outputLabels() {
      return this._("delta-buffer.port.output");
    },
    label() {
      return this.name || this._("delta-buffer.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      fillMissing(this);
      const preset = $("#delta-buffer-preset");
      preset.on("change", () => choosePreset(this, String(preset.val())));
      preset.val(findPreset()).trigger("change");
    },
  });

  /** Fills the fields of settings that a flow written by hand leaves out. Such a rule is off, as in the runtime. */
  function fillMissing(node: DeltaBufferNode): void {
    for (const rule of RULES) if (node[rule] === undefined) $(`#node-input-${rule}`).val(NO_RULES[rule]);
    if (node.pace === undefined) $("#node-input-pace").val(12);
  }

  /** @returns the name in the list for the rules in the fields */
  function findPreset(): string {
    if ($("#node-input-smooth").prop("checked") === true) return "smooth";
    const hasRules = (rules: Rules) =>
      RULES.every((rule) => (String($(`#node-input-${rule}`).val() ?? "") || NO_RULES[rule]) === rules[rule]);
    return Object.keys(PRESETS).find((name) => hasRules(PRESETS[name]!)) ?? "own";
  }

  /** Fills the fields with the rules of a preset, and shows those that it leaves to the author. */
  function choosePreset(node: DeltaBufferNode, name: string): void {
    const rules = PRESETS[name];
    if (rules) for (const rule of RULES) $(`#node-input-${rule}`).val(rules[rule]).trigger("change");
    $("#node-input-smooth").prop("checked", name === "smooth");
    $("#node-input-pace").trigger("change");
    $(".delta-buffer-rule").toggle(name === "own");
    $(".delta-buffer-smooth").toggle(name === "smooth");
    $("#delta-buffer-hint").text(node._(`delta-buffer.hint.${name}`));
  }
})();
