/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/dialog.editor.ts" />
/// <reference path="editor/providers.editor.ts" />

/** The editor half of speech-stream. */
(() => {
  interface SpeechStreamNode extends EditorNode {
    provider?: string;
    voice?: string;
    format?: string;
  }

  const { checkNumber, checkObject } = Validators;

  const FORMATS: Readonly<Record<string, string>> = {
    mp3: "MP3",
    opus: "Opus",
    aac: "AAC",
    flac: "FLAC",
    wav: "WAV",
    pcm: "PCM",
  };

  RED.nodes.registerType<SpeechStreamNode>("speech-stream", {
    category: "AI",
    color: "#8FBFC3",
    icon: "speech-stream.svg",
    defaults: {
      name: { value: "" },
      provider: {
        value: "",
        type: "chat-provider",
        required: true,
        label: RED._("@deltaflow/node-red-chat-stream/speech-stream:speech-stream.label.provider"),
      },
      model: { value: "" },
      voice: { value: "" },
      format: { value: "" },
      speed: { value: "", validate: checkNumber("speed", { min: 0.25, max: 4, optional: true }) },
      property: { value: "payload" },
      options: { value: "", validate: checkObject("options") },
    },
    inputs: 1,
    outputs: 1,
    paletteLabel: "speech stream",
    inputLabels() {
      return this._("speech-stream.port.input");
    },
    outputLabels() {
      return this._("speech-stream.port.output");
    },
    label() {
      return this.name || this.voice || this._("speech-stream.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    onadd() {
      this.provider ||= Providers.findOnly();
    },
    oneditprepare() {
      Dialog.fillMissing(this);
      $("#node-input-property").typedInput({ types: ["msg"] });
      $("#node-input-options").typedInput({ types: ["json"] });
      const format = String(this.format ?? "");
      // A service may know formats that the list lacks.
      const formats = format in FORMATS || format === "" ? FORMATS : { ...FORMATS, [format]: format };
      for (const [value, name] of Object.entries(formats))
        $("#node-input-format").append($("<option>").val(value).text(name));
      $("#node-input-format").val(format);
    },
  });
})();
