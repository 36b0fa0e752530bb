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

  /** What most people want, by its name in the list. Everything else is rules of one's own. */
  const PRESETS: Readonly<Record<string, Rules>> = {
    time: { ...NO_RULES, milliseconds: "50" },
    word: { ...NO_RULES, boundary: "word" },
    sentence: { ...NO_RULES, boundary: "sentence" },
    paragraph: { ...NO_RULES, boundary: "paragraph" },
  };

  const RULES = Object.keys(NO_RULES) as (keyof Rules)[];

  /** A value that Node-RED replaces by an environment variable when the node starts. */
  const ENVIRONMENT = /^\$(\{[^}]+\}|\([^)]+\))$/;

  /** Empty and 0: the rule is off. */
  function optionalNumber(setting: string, whole: boolean): Validator<DeltaBufferNode> {
    return function (value, _options) {
      const text = String(value ?? "").trim();
      const number = Number(text);
      if (ENVIRONMENT.test(text) || (number >= 0 && (!whole || Number.isInteger(number)))) return true;
      return this._(`delta-buffer.error.${whole ? "whole" : "number"}`, {
        what: this._(`delta-buffer.label.${setting}`),
      });
    };
  }

  /** Empty: the pace of a new node. Without smoothing there is none to be wrong. */
  function pace(this: DeltaBufferNode, value: unknown, _options: object): true | string {
    const text = String(value ?? "").trim();
    const tick = $("#node-input-smooth");
    const smooth = tick.length > 0 ? tick.prop("checked") === true : this.smooth === true;
    if (!smooth || text === "" || ENVIRONMENT.test(text) || Number(text) > 0) return true;
    return this._("delta-buffer.error.pace", { what: this._("delta-buffer.label.pace") });
  }

  RED.nodes.registerType<DeltaBufferNode>("delta-buffer", {
    category: "AI",
    color: "#8FBFC3",
    icon: "delta-buffer.svg",
    defaults: {
      name: { value: "" },
      milliseconds: { value: 50, validate: optionalNumber("milliseconds", false) },
      count: { value: "", validate: optionalNumber("count", true) },
      characters: { value: "", validate: optionalNumber("characters", true) },
      boundary: { value: "none" },
      smooth: { value: false },
      pace: { value: 12, validate: pace },
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
      preset.on("change", () => choose(this, String(preset.val())));
      preset.val(presetOf()).trigger("change");
    },
  });

  /** A flow written by hand may leave settings out: then they are off, as in the runtime. */
  function fillMissing(node: DeltaBufferNode): void {
    for (const rule of RULES) if (node[rule] === undefined) $(`#node-input-${rule}`).val(NO_RULES[rule]);
    if (node.pace === undefined) $("#node-input-pace").val(12);
  }

  /** The name in the list of what stands in the fields. */
  function presetOf(): string {
    if ($("#node-input-smooth").prop("checked") === true) return "smooth";
    const fits = (rules: Rules) =>
      RULES.every((rule) => (String($(`#node-input-${rule}`).val() ?? "") || NO_RULES[rule]) === rules[rule]);
    return Object.keys(PRESETS).find((name) => fits(PRESETS[name]!)) ?? "own";
  }

  /** Fills the fields and shows those that there is something to say in. */
  function choose(node: DeltaBufferNode, name: string): void {
    const rules = PRESETS[name];
    if (rules) for (const rule of RULES) $(`#node-input-${rule}`).val(rules[rule]).trigger("change");
    $("#node-input-smooth").prop("checked", name === "smooth");
    $("#node-input-pace").trigger("change");
    $(".delta-buffer-rule").toggle(name === "own");
    $(".delta-buffer-smooth").toggle(name === "smooth");
    $("#delta-buffer-hint").text(node._(`delta-buffer.hint.${name}`));
  }
})();
