/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/schema.editor.ts" />
/// <reference path="editor/schema-field.editor.ts" />

/** One tool in tool-call-router's dialog: its row, and its mistakes. */
namespace RouterTool {
  /** A tool as a flow holds it. */
  export interface Tool {
    name?: string;
    description?: string;
    /** JSON Schema of the arguments: JSON text, or an object in a flow that was written by hand. */
    parameters?: unknown;
    strict?: boolean;
    /** Id of the link in node that answers; "" if the tool has an output of its own. */
    link?: string;
  }

  /** The row of a tool in the dialog. */
  export interface Row {
    readTool(): Tool;
    /** Shows the arguments and focuses the name. */
    open(): void;
    /** Marks the mistakes of the tool. @param names names of all tools */
    check(names: readonly string[]): void;
    /** Shows the tool's output. @param output its number from 1; undefined if a link in node answers */
    showOutput(output: number | undefined): void;
  }

  /** Sentences without the tool's name. */
  type Mistakes = Record<"name" | "parameters" | "link", string | undefined>;

  const { isName, isVariable } = Validators;

  /** @param names names of all tools, of which no two may be the same */
  export function findMistakes(tool: Tool, names: readonly string[], _: Translate): Mistakes {
    return {
      name: findNameMistake(tool.name ?? "", names, _),
      parameters: Schema.isGiven(tool.parameters) ? Schema.findMistake(tool.parameters) : undefined,
      link: findLinkMistake(tool.link, _),
    };
  }

  function findNameMistake(name: string, names: readonly string[], _: Translate): string | undefined {
    if (name === "") return _("tool-call-router.error.nameMissing");
    if (isVariable(name)) return undefined;
    if (!isName(name)) return _("tool-call-router.error.namePattern");
    return names.filter((one) => one === name).length > 1 ? _("tool-call-router.error.nameTwice") : undefined;
  }

  function findLinkMistake(link: string | undefined, _: Translate): string | undefined {
    if (!link || isVariable(link) || RED.nodes.node(link)?.type === "link in") return undefined;
    return _("tool-call-router.error.link");
  }

  /** Writes the arguments of a right schema in short, as `city: string, unit?: string`. */
  function summarize(schema: unknown, _: Translate): string {
    const text = Schema.toText(schema).trim();
    if (isVariable(text)) return text;
    const { properties = {}, required = [] } = JSON.parse(text || "{}") as {
      properties?: Record<string, { type?: string | string[] } | boolean>;
      required?: string[];
    };
    const parts = Object.entries(properties).map(([name, property]) => {
      const type = typeof property === "object" ? property.type : undefined;
      return `${name}${required.includes(name) ? "" : "?"}${type ? `: ${[type].flat().join(" | ")}` : ""}`;
    });
    return parts.join(", ") || _("tool-call-router.tools.noArguments");
  }

  /**
   * Lists the link in nodes by their flows, the router's own flow first. Flows come without the subflows: a link in
   * node of another subflow cannot be called from outside.
   * @param ownFlow label of the router's flow if it has none
   */
  function listLinks(node: EditorNode, ownFlow: string): JQuery[] {
    const flows = [{ id: node.z ?? "", label: ownFlow }];
    RED.nodes.eachWorkspace(({ id, label }) => {
      if (id === node.z) flows[0]!.label = label || ownFlow;
      else flows.push({ id, label: label || id });
    });
    return flows.flatMap(({ id, label }) => {
      const links = RED.nodes.filterNodes({ type: "link in", z: id });
      if (links.length === 0) return [];
      const options = links.map((link) =>
        $("<option>")
          .val(link.id)
          .text(link.name || link.id),
      );
      return [$("<optgroup>").attr("label", label).append(options)];
    });
  }

  /** Builds the list of what may answer a tool's calls: an output of its own, or a link in node. */
  function buildLinkSelect(tool: Tool, node: EditorNode, ownOutput: JQuery): JQuery {
    const translate = (key: string, values = {}) => node._(`tool-call-router.tools.${key}`, values);
    const select = $("<select>")
      .attr("title", translate("link"))
      .append(ownOutput, listLinks(node, translate("here")));
    // A stored node that is gone stays visible.
    if (tool.link && select.find("option").filter((_at, one) => $(one).val() === tool.link).length === 0)
      $("<option>")
        .val(tool.link)
        .text(translate("gone", { id: tool.link }))
        .appendTo(select);
    return select.val(tool.link ?? "");
  }

  /** Fills a row of the list with the fields of a tool. */
  export function createRow(element: JQuery, tool: Tool, node: EditorNode): Row {
    const translate = (key: string, values = {}) => node._(`tool-call-router.tools.${key}`, values);
    const addLabel = (input: JQuery, key: string) =>
      input.attr("placeholder", translate(key)).attr("aria-label", translate(key));
    const name = addLabel($('<input type="text">'), "name").val(tool.name ?? "");
    const description = addLabel($('<textarea rows="1">'), "description").val(tool.description ?? "");
    const ownOutput = $("<option>").val("");
    const link = buildLinkSelect(tool, node, ownOutput);
    const schema = $('<input type="hidden">').val(Schema.toText(tool.parameters));
    const strict = $('<input type="checkbox">').prop("checked", tool.strict === true);
    const caret = $("<i>").addClass("fa fa-caret-right");
    const summary = $("<span>").addClass("chat-tool-summary");
    const toggle = $('<button type="button">')
      .addClass("red-ui-button red-ui-button-small")
      .append(caret, $("<span>").text(` ${translate("arguments")}`));
    const strictHint = $("<div>").addClass("chat-tool-hint");
    const panel = $("<div>")
      .addClass("chat-tool-panel")
      .append($("<div>").append(schema), $("<label>").text(translate("strict")).prepend(strict), strictHint);
    element
      .addClass("chat-tool")
      .append(
        $("<div>").append(name, link),
        $("<div>").append(description),
        $("<div>").append(toggle, summary),
        panel.hide(),
      );

    const showArguments = (isOpen: boolean) => {
      panel.toggle(isOpen);
      caret.toggleClass("fa-caret-right", !isOpen).toggleClass("fa-caret-down", isOpen);
      toggle.attr("aria-expanded", String(isOpen));
      if (isOpen) SchemaField.showEditor(schema);
    };
    toggle.on("click", () => showArguments(!panel.is(":visible")));
    showArguments(false);

    const readTool = (): Tool => {
      const json = String(schema.val() ?? "");
      const fields = {
        name: String(name.val()).trim(),
        description: String(description.val()),
        parameters: json === Schema.toText(tool.parameters) ? tool.parameters : json,
        strict: strict.is(":checked"),
        link: String(link.val() ?? ""),
      };
      // What a flow leaves out stays out: opening and closing the dialog changes nothing.
      const stored = { name: "", description: "", parameters: undefined, strict: false, link: "", ...tool };
      const changed = Object.entries(fields).filter(([key, value]) => value !== stored[key as keyof Tool]);
      return { ...tool, ...Object.fromEntries(changed) };
    };
    return {
      readTool,
      open() {
        showArguments(true);
        name.trigger("focus");
      },
      check(names) {
        const now = readTool();
        const mistakes = findMistakes(now, names, node._);
        name.toggleClass("input-error", mistakes.name !== undefined).attr("title", mistakes.name ?? "");
        link
          .toggleClass("input-error", mistakes.link !== undefined)
          .attr("title", mistakes.link ?? translate("link"));
        const isWrong = mistakes.parameters !== undefined;
        // An open code editor shows the mistake itself.
        const mistake = panel.is(":visible") ? "" : mistakes.parameters;
        summary
          .text(isWrong ? (mistake ?? "") : summarize(now.parameters, node._))
          .toggleClass("chat-wrong", isWrong);
        // Only a hint: some services accept any schema.
        const isChecked = now.strict && Schema.isGiven(now.parameters);
        const looseness = isChecked ? Schema.findLooseness(now.parameters) : undefined;
        strictHint
          .text(looseness ?? translate("strictHint"))
          .toggleClass("chat-wrong", looseness !== undefined);
      },
      showOutput(output) {
        ownOutput.text(output === undefined ? translate("own") : translate("output", { output }));
      },
    };
  }
}
