/** The editor half of speech-stream. */
(() => {
  interface SpeechStreamNode extends EditorNode {
    voice?: string;
    property?: string;
    [setting: string]: unknown;
  }

  /** A value that Node-RED replaces by an environment variable when the node starts. */
  const ENVIRONMENT = /^\$(\{[^}]+\}|\([^)]+\))$/;

  const FORMATS: Readonly<Record<string, string>> = {
    mp3: "MP3",
    opus: "Opus",
    aac: "AAC",
    flac: "FLAC",
    wav: "WAV",
    pcm: "PCM",
  };

  function speed(this: SpeechStreamNode, value: unknown, _options: object): true | string {
    const text = String(value ?? "").trim();
    const number = Number(text);
    if (text === "" || ENVIRONMENT.test(text) || (number >= 0.25 && number <= 4)) return true;
    return this._("speech-stream.error.speed");
  }

  function jsonObject(this: SpeechStreamNode, value: unknown, _options: object): true | string {
    const text = String(value ?? "").trim();
    if (text === "" || ENVIRONMENT.test(text)) return true;
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return true;
    } catch {
      // Said below.
    }
    return this._("speech-stream.error.options");
  }

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
      speed: { value: "", validate: speed },
      property: { value: "payload" },
      options: { value: "", validate: jsonObject },
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
    oneditprepare() {
      // A flow written by hand may leave it out.
      if (this.property === undefined) $("#node-input-property").val("payload");
      $("#node-input-property").typedInput({ types: ["msg"] });
      $("#node-input-options").typedInput({ types: ["json"] });
      const format = String(this["format"] ?? "");
      // A service may know others than the list does.
      const formats = format in FORMATS || format === "" ? FORMATS : { ...FORMATS, [format]: format };
      for (const [value, name] of Object.entries(formats))
        $("#node-input-format").append($("<option>").val(value).text(name));
      $("#node-input-format").val(format);
    },
  });
})();
