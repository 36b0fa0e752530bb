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

  /** @returns the translation of texts of the tools' list */
  function translateFor(node: EditorNode): Translate {
    return (key, values = {}) => node._(`tool-call-router.tools.${key}`, values);
  }

  /** Builds the list of what may answer a tool's calls: an output of its own, or a link in node. */
  function buildLinkSelect(tool: Tool, node: EditorNode, ownOutput: JQuery): JQuery {
    const translate = translateFor(node);
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

  /** The inputs of a row. */
  interface Inputs {
    name: JQuery;
    description: JQuery;
    link: JQuery;
    /** The option of `link` that stands for an output of the router. */
    ownOutput: JQuery;
    /** Hidden: JSON text. */
    schema: JQuery;
    strict: JQuery;
  }

  function createInputs(tool: Tool, node: EditorNode): Inputs {
    const translate = translateFor(node);
    const addLabel = (input: JQuery, key: string) =>
      input.attr("placeholder", translate(key)).attr("aria-label", translate(key));
    const ownOutput = $("<option>").val("");
    return {
      name: addLabel($('<input type="text">'), "name").val(tool.name ?? ""),
      description: addLabel($('<textarea rows="1">'), "description").val(tool.description ?? ""),
      link: buildLinkSelect(tool, node, ownOutput),
      ownOutput,
      schema: $('<input type="hidden">').val(Schema.toText(tool.parameters)),
      strict: $('<input type="checkbox">').prop("checked", tool.strict === true),
    };
  }

  /** Reads the tool from the inputs. @param stored the tool as the flow holds it */
  function readInputs({ name, description, link, schema, strict }: Inputs, stored: Tool): Tool {
    const json = String(schema.val() ?? "");
    const fields = {
      name: String(name.val()).trim(),
      description: String(description.val()),
      parameters: json === Schema.toText(stored.parameters) ? stored.parameters : json,
      strict: strict.is(":checked"),
      link: String(link.val() ?? ""),
    };
    // What a flow leaves out stays out: opening and closing the dialog changes nothing.
    const filled = { name: "", description: "", parameters: undefined, strict: false, link: "", ...stored };
    const changed = Object.entries(fields).filter(([key, value]) => value !== filled[key as keyof Tool]);
    return { ...stored, ...Object.fromEntries(changed) };
  }

  /** The arguments of a tool: a button that shows and hides them, their summary beside it, and their editor. */
  interface ArgumentsPanel {
    button: JQuery;
    summary: JQuery;
    body: JQuery;
    show(isOpen: boolean): void;
    /** Shows the arguments in short, or their mistake, and in what the schema is too loose for `strict`. */
    describe(tool: Tool, mistake: string | undefined): void;
  }

  function createPanel({ schema, strict }: Inputs, node: EditorNode): ArgumentsPanel {
    const translate = translateFor(node);
    const caret = $("<i>").addClass("fa fa-caret-right");
    const button = $('<button type="button">')
      .addClass("red-ui-button red-ui-button-small")
      .append(caret, $("<span>").text(` ${translate("arguments")}`));
    const summary = $("<span>").addClass("chat-tool-summary");
    const strictHint = $("<div>").addClass("chat-tool-hint");
    const body = $("<div>")
      .addClass("chat-tool-panel")
      .append($("<div>").append(schema), $("<label>").text(translate("strict")).prepend(strict), strictHint);
    const show = (isOpen: boolean) => {
      body.toggle(isOpen);
      caret.toggleClass("fa-caret-right", !isOpen).toggleClass("fa-caret-down", isOpen);
      button.attr("aria-expanded", String(isOpen));
      if (isOpen) SchemaField.showEditor(schema);
    };
    button.on("click", () => show(!body.is(":visible")));
    const describe = (tool: Tool, mistake: string | undefined) => {
      // An open code editor shows the mistake itself.
      const shownMistake = body.is(":visible") ? "" : mistake;
      summary
        .text(mistake === undefined ? summarize(tool.parameters, node._) : (shownMistake ?? ""))
        .toggleClass("chat-wrong", mistake !== undefined);
      // Only a hint: some services accept any schema.
      const isChecked = tool.strict && Schema.isGiven(tool.parameters);
      const looseness = isChecked ? Schema.findLooseness(tool.parameters) : undefined;
      strictHint
        .text(looseness ?? translate("strictHint"))
        .toggleClass("chat-wrong", looseness !== undefined);
    };
    return { button, summary, body, show, describe };
  }

  /** Marks an input that has a mistake. @param title of an input without one */
  function markInput(input: JQuery, mistake: string | undefined, title: string): void {
    input.toggleClass("input-error", mistake !== undefined).attr("title", mistake ?? title);
  }

  /** Fills a row of the list with the fields of a tool. */
  export function createRow(element: JQuery, tool: Tool, node: EditorNode): Row {
    const translate = translateFor(node);
    const inputs = createInputs(tool, node);
    const { name, description, link, ownOutput } = inputs;
    const panel = createPanel(inputs, node);
    element
      .addClass("chat-tool")
      .append(
        $("<div>").append(name, link),
        $("<div>").append(description),
        $("<div>").append(panel.button, panel.summary),
        panel.body,
      );
    panel.show(false);
    const readTool = () => readInputs(inputs, tool);
    return {
      readTool,
      open() {
        panel.show(true);
        name.trigger("focus");
      },
      check(names) {
        const now = readTool();
        const mistakes = findMistakes(now, names, node._);
        markInput(name, mistakes.name, "");
        markInput(link, mistakes.link, translate("link"));
        panel.describe(now, mistakes.parameters);
      },
      showOutput(output) {
        ownOutput.text(output === undefined ? translate("own") : translate("output", { output }));
      },
    };
  }
}
