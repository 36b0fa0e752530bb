/// <reference path="editor/red.d.ts" />

/** The names of the provider's models in chat-stream's dialog. */
namespace ModelList {
  interface Models {
    models: string[];
    capabilities: Record<string, string[]>;
  }

  /** Answer of the admin route `chat-provider/<id>/models`. */
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

    /** Never rejects: a failure is kept as an answer, so that typing does not ask again. */
    function load(id: string): Promise<ModelsAnswer> {
      const unreachable = { error: { code: "connection", message: translate("unreachable") } };
      return Promise.resolve($.getJSON(`chat-provider/${encodeURIComponent(id)}/models`)).catch(
        () => unreachable,
      );
    }

    /** Puts what a model can do behind its name. */
    function toOptions({ models, capabilities }: Models): PopoverMenuOption[] {
      return models.map((value) => {
        const notes = (capabilities[value] ?? []).map((capability) => translate(`capability.${capability}`));
        return { value, label: notes.length > 0 ? `${value} — ${notes.join(", ")}` : value };
      });
    }

    /** @returns the options, none if the models are not known; the hint says why */
    async function listOptions(): Promise<PopoverMenuOption[]> {
      const id = String($("#node-input-provider").val() ?? "");
      const provider = RED.nodes.node(id);
      if (!provider || provider.changed) {
        showHint(translate(provider ? "deployFirst" : "noProvider"));
        return [];
      }
      if (!answers.has(id)) {
        showHint(translate("reading"));
        answers.set(id, load(id));
      }
      const answer = await answers.get(id)!;
      if ("error" in answer) {
        showHint(`${translate("failed")} ${answer.error.message}`, true);
        return [];
      }
      showHint(answer.models.length > 0 ? "" : translate("none"));
      return toOptions(answer);
    }

    input.autoComplete({
      search: (text, done) => {
        const typed = text.trim().toLowerCase();
        void listOptions().then((options) => {
          const matching = options.filter(({ label }) => label.toLowerCase().includes(typed));
          // A complete name needs no suggestion: Enter or Tab would replace it by another.
          const isComplete = matching.some(({ value }) => value.toLowerCase() === typed);
          done(isComplete ? [] : matching);
        });
      },
    });
    $("#chat-stream-model-list").on("click", async () => {
      answers.clear();
      const options = await listOptions();
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
    $("#node-input-provider").on("change", () => showHint(""));
  }
}
