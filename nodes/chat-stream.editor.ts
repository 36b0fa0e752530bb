/** The editor half of chat-stream. */
(() => {
  interface ChatStreamNode extends EditorNode {
    model?: string;
    system?: string;
    systemType?: string;
    [setting: string]: unknown;
  }

  type ModelsAnswer =
    | { models: string[]; capabilities: Record<string, string[]> }
    | { error: { code: string; message: string } };

  /** A value that Node-RED replaces by an environment variable when the node starts. */
  const ENVIRONMENT = /^\$(\{[^}]+\}|\([^)]+\))$/;

  /** Empty settings are left out of the request; others must be a number within the bounds. */
  function optionalNumber(
    setting: string,
    low: number,
    high: number,
    whole = false,
  ): Validator<ChatStreamNode> {
    return function (value, _options) {
      const text = String(value ?? "").trim();
      if (text === "" || ENVIRONMENT.test(text)) return true;
      const number = Number(text);
      if (number >= low && number <= high && (!whole || Number.isInteger(number))) return true;
      const rule = high === Number.POSITIVE_INFINITY ? "atLeast" : "between";
      const what = this._(`chat-stream.label.${setting}`);
      return this._(`chat-stream.error.${whole ? `whole-${rule}` : rule}`, { what, low, high });
    };
  }

  function jsonObject(this: ChatStreamNode, value: unknown, _options: object): true | string {
    const text = String(value ?? "").trim();
    if (text === "" || ENVIRONMENT.test(text)) return true;
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return true;
    } catch {
      // Said below.
    }
    return this._("chat-stream.error.options");
  }

  /** An object of two properties, in the form that strict services insist on. */
  const STARTER = {
    type: "object",
    properties: { title: { type: "string" }, tags: { type: "array", items: { type: "string" } } },
    required: ["title", "tags"],
    additionalProperties: false,
  };

  /** The form that the answer is to have; while a dialog is open, the one that is chosen there. */
  function formatOf(node: ChatStreamNode): string {
    return String($("#node-input-responseFormat").val() ?? node["responseFormat"] ?? "");
  }

  function schemaOrNone(this: ChatStreamNode, value: unknown, _options: object): true | string {
    const text =
      typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "").trim();
    if (formatOf(this) !== "json_schema" || ENVIRONMENT.test(text)) return true;
    if (text === "") return this._("chat-stream.error.schema");
    const problem = $.chatSchema.problem(text);
    return problem === undefined || `${this._("chat-stream.label.schema")}: ${problem}`;
  }

  function nameOfSchema(this: ChatStreamNode, value: unknown, _options: object): true | string {
    const text = String(value ?? "");
    if (formatOf(this) !== "json_schema" || ENVIRONMENT.test(text)) return true;
    return /^[\w-]{0,64}$/.test(text) || this._("chat-stream.error.schemaName");
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
      temperature: { value: "", validate: optionalNumber("temperature", 0, 2) },
      maxTokens: { value: "", validate: optionalNumber("maxTokens", 1, Number.POSITIVE_INFINITY, true) },
      topP: { value: "", validate: optionalNumber("topP", 0, 1) },
      stop: { value: "" },
      seed: {
        value: "",
        validate: optionalNumber("seed", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, true),
      },
      reasoningEffort: { value: "" },
      options: { value: "", validate: jsonObject },
      responseFormat: { value: "" },
      schema: { value: "", validate: schemaOrNone },
      schemaName: { value: "answer", validate: nameOfSchema },
      schemaStrict: { value: true },
      partial: { value: false },
      conversation: { value: "none" },
      conversationKey: { value: "topic" },
      conversationKeyType: { value: "msg" },
      maxTurns: { value: 0, validate: optionalNumber("maxTurns", 0, Number.POSITIVE_INFINITY, true) },
      whenBusy: { value: "concurrent" },
      everyChunk: { value: false },
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
    oneditprepare() {
      fillMissing(this);
      showTabs(this);
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
      prepareModels(this);
      prepareReasoning();
      prepareFormat(this);
      explainChoices(this);
    },
    oneditsave() {
      const type = $("#node-input-systemType").val();
      if (type !== "str") $("#node-input-system").val($("#chat-stream-system-source").typedInput("value"));
    },
  });

  /** A flow written by hand may leave settings out; the runtime takes the same defaults. */
  function fillMissing(node: ChatStreamNode): void {
    for (const [setting, { value, type }] of Object.entries(node._def.defaults)) {
      if (node[setting] !== undefined || type) continue;
      const field = $(`#node-input-${setting}`);
      if (typeof value === "boolean") field.prop("checked", value);
      else field.val(value as string);
    }
  }

  function showTabs(node: ChatStreamNode): void {
    const pages = $("#chat-stream-pages").children();
    const tabs = RED.tabs.create({
      id: "chat-stream-tabs",
      onchange: ({ id }) => {
        pages.hide();
        $(`#${id}`).show();
        showSchema();
        RED.tray.resize();
      },
    });
    for (const page of ["ask", "parameters", "format", "conversation", "delivery"]) {
      tabs.addTab({ id: `chat-stream-${page}`, label: node._(`chat-stream.tab.${page}`) });
    }
    // A mistake on a page that is not in front would be invisible.
    $("#chat-stream-pages").on("change keyup paste", () => setTimeout(markTabs));
    setTimeout(markTabs, 100);
  }

  function markTabs(): void {
    $("#chat-stream-pages")
      .children()
      .each((_index, page) => {
        // The schema's editor says of itself what it is; whether that matters is the field's to say.
        const wrong = $(page).find(".input-error").not(".node-text-editor").length > 0;
        $(`#red-ui-tab-${page.id}`).toggleClass("chat-tab-wrong", wrong);
      });
  }

  /** A typed input has one line. Instructions have many: for them, its place is taken by a text area. */
  function prepareSystem(node: ChatStreamNode): void {
    const text = $("#node-input-system");
    const source = $("#chat-stream-system-source");
    const asText = (node.systemType ?? "str") === "str";
    source.val(asText ? "" : (node.system ?? ""));
    if (!asText) text.val("");
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
    const arrange = () => $(".chat-stream-system-text").toggle(source.typedInput("type") === "str");
    source.on("change", arrange);
    arrange();
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

  /** The names of a provider's models: asked for once per dialog, offered, and never enforced. */
  function prepareModels(node: ChatStreamNode): void {
    const lists = new Map<string, Promise<ModelsAnswer>>();
    const input = $("#node-input-model");
    const word = (key: string) => node._(`chat-stream.models.${key}`);
    const say = (text: string, wrong = false) =>
      $("#chat-stream-model-hint")
        .text(text)
        .toggleClass("chat-wrong", wrong)
        .toggle(text !== "");

    /** Never rejects: what went wrong is an answer too, and typing on does not ask again. */
    function ask(id: string): Promise<ModelsAnswer> {
      const unreachable: ModelsAnswer = { error: { code: "connection", message: word("unreachable") } };
      return Promise.resolve($.getJSON(`chat-provider/${encodeURIComponent(id)}/models`)).catch(
        () => unreachable,
      );
    }

    /** What a model can do stands behind its name. */
    function asOptions({
      models,
      capabilities,
    }: Exclude<ModelsAnswer, { error: unknown }>): PopoverMenuOption[] {
      return models.map((value) => {
        const notes = (capabilities[value] ?? []).map((capability) => word(`capability.${capability}`));
        return { value, label: notes.length > 0 ? `${value} — ${notes.join(", ")}` : value };
      });
    }

    async function models(): Promise<PopoverMenuOption[]> {
      const id = String($("#node-input-provider").val() ?? "");
      const provider = RED.nodes.node(id);
      if (!provider || provider.changed) {
        say(word(provider ? "deployFirst" : "noProvider"));
        return [];
      }
      if (!lists.has(id)) {
        say(word("reading"));
        lists.set(id, ask(id));
      }
      const answer = await lists.get(id)!;
      if ("error" in answer) {
        say(`${word("failed")} ${answer.error.message}`, true);
        return [];
      }
      say(answer.models.length > 0 ? "" : word("none"));
      return asOptions(answer);
    }

    input.autoComplete({
      search: (value, done) => {
        const wanted = value.trim().toLowerCase();
        void models().then((known) => {
          const matching = known.filter(({ label }) => label.toLowerCase().includes(wanted));
          // A name that is typed in full needs no suggestion: Enter or Tab would put another in its place.
          done(matching.some(({ value }) => value.toLowerCase() === wanted) ? [] : matching);
        });
      },
    });
    $("#chat-stream-model-list").on("click", async () => {
      lists.clear();
      const options = await models();
      if (options.length === 0) return;
      const menu = RED.popover.menu({
        options,
        onselect: ({ value }) => input.val(value).trigger("change").trigger("focus"),
        width: Math.max(300, input.outerWidth() ?? 0),
        maxHeight: 240,
        class: "red-ui-autoComplete-container",
        tabSelect: true,
      });
      menu.show({ target: input });
    });
    $("#node-input-provider").on("change", () => say(""));
  }

  /** Which efforts there are is the model's affair; these are the usual ones. */
  function prepareReasoning(): void {
    const efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];
    $("#node-input-reasoningEffort").autoComplete({
      search: (value, done) => {
        const matching = efforts.filter(
          (effort) => effort.startsWith(value.trim()) && effort !== value.trim(),
        );
        done(matching.map((effort) => ({ value: effort, label: effort })));
      },
    });
  }

  function prepareFormat(node: ChatStreamNode): void {
    const schema = $("#node-input-schema");
    // A flow written by hand may hold the schema as it is.
    if (typeof node["schema"] === "object") schema.val(JSON.stringify(node["schema"], null, 2));
    $("#node-input-responseFormat").on("change", function () {
      const format = String($(this).val());
      $("#chat-stream-format-hint").text(node._(`chat-stream.hint.format-${format || "text"}`));
      $(".chat-stream-schema-row").toggle(format === "json_schema");
      if (format === "json_schema" && schema.val() === "") schema.val(JSON.stringify(STARTER, null, 2));
      showSchema();
      // What they have to be depends on this choice.
      $("#node-input-schema, #node-input-schemaName").trigger("change");
    });
  }

  /** The code editor measures itself, and so is made when its place is first seen. */
  function showSchema(): void {
    const schema = $("#node-input-schema");
    const seen = schema.parent().is(":visible");
    if (seen && schema.siblings(".chat-schema").length === 0) $.chatSchema.show(schema);
  }

  /** Says in a sentence what the chosen thing does, and shows the settings that it needs. */
  function explainChoices(node: ChatStreamNode): void {
    $("#node-input-conversation").on("change", function () {
      const place = String($(this).val());
      $("#chat-stream-conversation-hint").text(node._(`chat-stream.hint.conversation-${place}`));
      $(".chat-stream-key-row").toggle(place !== "none");
      $(".chat-stream-turns-row").toggle(place !== "none" && place !== "key");
    });
    $("#node-input-whenBusy").on("change", function () {
      $("#chat-stream-busy-hint").text(node._(`chat-stream.hint.busy-${$(this).val()}`));
    });
  }
})();
