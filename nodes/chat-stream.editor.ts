/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/dialog.editor.ts" />
/// <reference path="editor/providers.editor.ts" />
/// <reference path="editor/schema.editor.ts" />
/// <reference path="editor/schema-field.editor.ts" />
/// <reference path="chat-stream.hosted.editor.ts" />
/// <reference path="chat-stream.models.editor.ts" />

/** The editor half of chat-stream. */
(() => {
  interface ChatStreamNode extends EditorNode {
    model?: string;
    system?: string;
    systemType?: string;
    [setting: string]: unknown;
  }

  const { checkNumber, checkObject, isName, isVariable } = Validators;

  /** Schema of a new node: an object with two properties, as strict services require it. */
  const STARTER = {
    type: "object",
    properties: { title: { type: "string" }, tags: { type: "array", items: { type: "string" } } },
    required: ["title", "tags"],
    additionalProperties: false,
  };

  const SEED = {
    min: Number.MIN_SAFE_INTEGER,
    max: Number.MAX_SAFE_INTEGER,
    whole: true,
    optional: true,
  };

  /** @returns the answer format that is chosen in the open dialog, otherwise the node's */
  function readFormat(node: ChatStreamNode): string {
    return String($("#node-input-responseFormat").val() ?? node["responseFormat"] ?? "");
  }

  function checkSchema(this: ChatStreamNode, value: unknown, _options: object): true | string {
    if (readFormat(this) !== "json_schema") return true;
    if (Schema.toText(value).trim() === "") return this._("chat-stream.error.schema");
    const mistake = Schema.isGiven(value) ? Schema.findMistake(value) : undefined;
    return mistake === undefined || `${this._("chat-stream.label.schema")}: ${mistake}`;
  }

  function checkSchemaName(this: ChatStreamNode, value: unknown, _options: object): true | string {
    const text = String(value ?? "");
    const isRight = text === "" || isVariable(text) || isName(text);
    return readFormat(this) !== "json_schema" || isRight || this._("chat-stream.error.schemaName");
  }

  function checkStores(this: ChatStreamNode, value: unknown, _options: object): true | string {
    const isNeeded = HostedTools.listTicked(this["hostedTools"]).includes("file_search");
    return !isNeeded || String(value ?? "").trim() !== "" || this._("chat-stream.error.vectorStores");
  }

  RED.nodes.registerType<ChatStreamNode>("chat-stream", {
    category: "AI",
    color: "#8FBFC3",
    icon: "chat-stream.svg",
    defaults: {
      name: { value: "" },
      provider: {
        value: "",
        type: "chat-provider",
        required: true,
        label: RED._("@deltaflow/node-red-chat-stream/chat-stream:chat-stream.label.provider"),
      },
      model: { value: "" },
      system: { value: "" },
      systemType: { value: "str" },
      prompt: { value: "payload" },
      promptType: { value: "msg" },
      temperature: {
        value: "",
        validate: checkNumber("temperature", { min: 0, max: 2, optional: true }, "between"),
      },
      maxTokens: {
        value: "",
        validate: checkNumber("maxTokens", { min: 1, whole: true, optional: true }, "whole-atLeast"),
      },
      topP: { value: "", validate: checkNumber("topP", { min: 0, max: 1, optional: true }, "between") },
      stop: { value: "" },
      seed: {
        value: "",
        validate: checkNumber("seed", SEED, "whole-between"),
      },
      reasoningEffort: { value: "" },
      hostedTools: { value: [] },
      vectorStores: { value: "", validate: checkStores },
      options: { value: "", validate: checkObject("options") },
      responseFormat: { value: "" },
      schema: { value: "", validate: checkSchema },
      schemaName: { value: "answer", validate: checkSchemaName },
      schemaStrict: { value: true },
      partial: { value: false },
      conversation: { value: "none" },
      conversationKey: { value: "topic" },
      conversationKeyType: { value: "msg" },
      maxTurns: {
        value: 0,
        validate: checkNumber("maxTurns", { min: 0, whole: true, optional: true }, "whole-atLeast"),
      },
      maxConversations: {
        value: 1000,
        validate: checkNumber("maxConversations", { min: 1, whole: true, optional: true }, "whole-atLeast"),
      },
      keepFor: { value: "", validate: checkNumber("keepFor", { min: 0, optional: true }, "hours") },
      timeLimit: { value: "", validate: checkNumber("timeLimit", { min: 0, optional: true }) },
      whenBusy: { value: "concurrent" },
      everyChunk: { value: false },
      includeSystem: { value: false },
      background: { value: false },
      mergeReads: { value: false },
    },
    inputs: 1,
    outputs: 1,
    paletteLabel: "chat stream",
    inputLabels() {
      return this._("chat-stream.port.input");
    },
    outputLabels() {
      return this._("chat-stream.port.output");
    },
    label() {
      return this.name || this.model || this._("chat-stream.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    onadd() {
      this["provider"] ||= Providers.chooseForNewNode();
    },
    oneditprepare() {
      Dialog.fillMissing(this);
      Dialog.showTabs(this, ["ask", "parameters", "format", "conversation", "delivery"], {
        // The schema's editor marks mistakes in any format; the field itself only if the format needs a schema.
        mistakes: ".input-error:not(.node-text-editor)",
        onShow: showSchema,
      });
      prepareSystem(this);
      $("#node-input-prompt").typedInput({
        types: ["msg", "flow", "global", "str", "jsonata", "env"],
        typeField: "#node-input-promptType",
      });
      $("#node-input-options").typedInput({ types: ["json"] });
      $("#node-input-conversationKey").typedInput({
        types: ["msg", "str", "jsonata", "env"],
        typeField: "#node-input-conversationKeyType",
      });
      ModelList.prepareModels(this);
      HostedTools.prepare(this, this["hostedTools"]);
      prepareReasoning();
      prepareFormat(this);
      explainChoices(this);
    },
    oneditsave() {
      this["hostedTools"] = HostedTools.listTicked(this["hostedTools"]);
      const type = $("#node-input-systemType").val();
      if (type !== "str") $("#node-input-system").val($("#chat-stream-system-source").typedInput("value"));
    },
  });

  /** Shows the instructions in a text area: a typed input, which has one line, is for the other sources. */
  function prepareSystem(node: ChatStreamNode): void {
    const text = $("#node-input-system");
    const source = $("#chat-stream-system-source");
    const isText = (node.systemType ?? "str") === "str";
    source.val(isText ? "" : (node.system ?? ""));
    if (!isText) text.val("");
    source.typedInput({
      types: [
        { value: "str", label: node._("chat-stream.system.text"), icon: "fa fa-align-left", hasValue: false },
        "msg",
        "flow",
        "global",
        "env",
        "jsonata",
      ],
      typeField: "#node-input-systemType",
    });
    const adapt = () => $(".chat-stream-system-text").toggle(source.typedInput("type") === "str");
    source.on("change", adapt);
    adapt();
    $("#chat-stream-system-expand").on("click", () => {
      RED.editor.editText({
        value: String(text.val()),
        mode: "markdown",
        title: node._("chat-stream.label.system"),
        focus: true,
        complete: (edited) => text.val(edited).trigger("change"),
      });
    });
  }

  /** Offers the usual efforts; which of them a model has, only its service knows. */
  function prepareReasoning(): void {
    const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
    const field = $("#node-input-reasoningEffort");
    // The editor's widget shows its list for a key only.
    field.on("click", () => field.trigger($.Event("keyup", { keyCode: 40 })));
    field.autoComplete({
      minLength: 0,
      search: (text, done) => {
        const typed = text.trim();
        const matching = efforts.filter((effort) => effort.startsWith(typed) && effort !== typed);
        done(matching.map((effort) => ({ value: effort, label: effort })));
      },
    });
  }

  function prepareFormat(node: ChatStreamNode): void {
    const schema = $("#node-input-schema");
    // A flow written by hand may hold the schema as an object.
    if (typeof node["schema"] === "object") schema.val(Schema.toText(node["schema"]));
    $("#node-input-responseFormat").on("change", function () {
      const format = String($(this).val());
      $("#chat-stream-format-hint").text(node._(`chat-stream.hint.format-${format || "text"}`));
      $(".chat-stream-schema-row").toggle(format === "json_schema");
      if (format === "json_schema" && schema.val() === "") schema.val(Schema.toText(STARTER));
      showSchema();
      // Whether they are right depends on this choice.
      $("#node-input-schema, #node-input-schemaName").trigger("change");
    });
  }

  function showSchema(): void {
    const schema = $("#node-input-schema");
    if (schema.parent().is(":visible")) SchemaField.showEditor(schema);
  }

  /** Explains the chosen option in a sentence, and shows the settings that it needs. */
  function explainChoices(node: ChatStreamNode): void {
    $("#node-input-conversation").on("change", function () {
      const conversation = String($(this).val());
      $("#chat-stream-conversation-hint").text(node._(`chat-stream.hint.conversation-${conversation}`));
      $(".chat-stream-key-row").toggle(conversation !== "none");
      $(".chat-stream-turns-row").toggle(conversation !== "none" && conversation !== "key");
      $(".chat-stream-context-row").toggle(conversation === "flow" || conversation === "global");
    });
    $("#node-input-whenBusy").on("change", function () {
      $("#chat-stream-busy-hint").text(node._(`chat-stream.hint.busy-${$(this).val()}`));
    });
  }
})();
