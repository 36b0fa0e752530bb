/// <reference path="editor/red.d.ts" />
/// <reference path="editor/providers.editor.ts" />

/** The names of the provider's models in chat-stream's dialog. */
namespace ModelList {
  interface Models {
    models: string[];
    capabilities: Record<string, string[]>;
    /** When models end, by name. */
    ends?: Record<string, string>;
  }

  /** What the admin route `chat-provider/providers` says of a service's models. */
  interface Service {
    id: string;
    ownModel?: string;
    usualModel?: string;
  }

  /** Answer of the admin route `chat-provider/draft/models`. */
  type ModelsAnswer = Models | { error: { code: string; message: string } };

  /** Offers the names. They are loaded once per dialog, and again by the button. Any other name can be typed. */
  export function prepareModels(node: EditorNode): void {
    const answers = new Map<string, Promise<ModelsAnswer>>();
    const input = $("#node-input-model");
    const translate = (key: string) => node._(`chat-stream.models.${key}`);
    const showHint = (text: string, isWrong = false) =>
      $("#chat-stream-model-hint")
        .text(text)
        .toggleClass("chat-wrong", isWrong)
        .toggle(text !== "");

    /** @returns the options, none if the models are not known; the hint says why */
    async function listOptions(): Promise<PopoverMenuOption[]> {
      const id = String($("#node-input-provider").val() ?? "");
      const provider = RED.nodes.node(id);
      if (!provider) {
        showHint(translate("noProvider"));
        return [];
      }
      if (!answers.has(id)) {
        showHint(translate("reading"));
        answers.set(id, loadModels(provider, translate("unreachable")));
      }
      const answer = await answers.get(id)!;
      if ("error" in answer) {
        showHint(`${translate("failed")} ${answer.error.message}`, true);
        return [];
      }
      showHint(answer.models.length > 0 ? "" : translate("none"));
      return toOptions(answer, node);
    }

    input.autoComplete({
      search: (text, done) => void listOptions().then((options) => done(selectMatching(options, text))),
    });
    $("#chat-stream-model-list").on("click", async () => {
      answers.clear();
      const options = await listOptions();
      if (options.length > 0) showMenu(input, options);
    });
    $("#node-input-provider").on("change", () => {
      showHint("");
      void showExample(node);
    });
    void showExample(node);
  }

  /** @returns the options that contain what was typed */
  function selectMatching(options: readonly PopoverMenuOption[], text: string): PopoverMenuOption[] {
    const typed = text.trim().toLowerCase();
    const matching = options.filter(({ label }) => label.toLowerCase().includes(typed));
    // A complete name needs no suggestion: Enter or Tab would replace it by another.
    const isComplete = matching.some(({ value }) => value.toLowerCase() === typed);
    return isComplete ? [] : matching;
  }

  /** Opens a menu below the input, which gets the option that is chosen. */
  function showMenu(input: JQuery, options: PopoverMenuOption[]): void {
    const menu = RED.popover.menu({
      options,
      onselect: ({ value }) => input.val(value).trigger("change").trigger("focus"),
      width: Math.max(300, input.outerWidth() ?? 0),
      maxHeight: 240,
      class: "red-ui-autoComplete-container",
      tabSelect: true,
    });
    menu.show({ target: input });
  }

  /** Never rejects: a failure is kept as an answer, so that typing does not ask again. */
  function loadModels(provider: EditorNode, unreachable: string): Promise<ModelsAnswer> {
    const failed = { error: { code: "connection", message: unreachable } };
    const draft = Providers.describeDraft(provider);
    return Promise.resolve(Providers.post("chat-provider/draft/models", draft)).catch(() => failed);
  }

  /** Puts what a model can do, and when it ends, behind its name. */
  function toOptions({ models, capabilities, ends = {} }: Models, node: EditorNode): PopoverMenuOption[] {
    return models.map((value) => {
      const notes = (capabilities[value] ?? []).map((capability) =>
        node._(`chat-stream.models.capability.${capability}`),
      );
      const date = ends[value];
      if (date !== undefined) notes.push(node._("chat-stream.models.ends", { date }));
      return { value, label: notes.length > 0 ? `${value} — ${notes.join(", ")}` : value };
    });
  }

  /** Shows a usual model of the service, or what answers if the field is empty. */
  async function showExample(node: EditorNode): Promise<void> {
    const provider = RED.nodes.node(String($("#node-input-provider").val() ?? "")) as
      | (EditorNode & { provider?: string })
      | undefined;
    const services = await Promise.resolve($.getJSON("chat-provider/providers")).catch(() => []);
    const id = provider?.provider || "demo";
    const service = (services as Service[]).find((one) => one.id === id);
    const [key, model] = service?.ownModel
      ? ["ownModel", service.ownModel]
      : service?.usualModel
        ? ["usualModel", service.usualModel]
        : ["model", ""];
    $("#node-input-model").attr(
      "placeholder",
      node._(`chat-stream.placeholder.${provider ? key : "model"}`, { model: model! }),
    );
  }
}
