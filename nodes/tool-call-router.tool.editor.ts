/** One tool in the dialog of tool-call-router: its row, and what may be wrong with it. */
(() => {
  const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
  /** A value that Node-RED replaces by an environment variable when the node starts. */
  const ENVIRONMENT = /^\$(\{[^}]+\}|\([^)]+\))$/;

  const asText = (schema: unknown) =>
    typeof schema === "string" ? schema : schema === undefined ? "" : JSON.stringify(schema, null, 2);

  /** @param names those of all tools */
  function nameProblem(name: string, names: readonly string[], _: Translate): string | undefined {
    if (name === "") return _("tool-call-router.error.nameMissing");
    if (ENVIRONMENT.test(name)) return undefined;
    if (!NAME.test(name)) return _("tool-call-router.error.namePattern");
    return names.filter((one) => one === name).length > 1 ? _("tool-call-router.error.nameTwice") : undefined;
  }

  /** Nothing at all stands for a tool without arguments. */
  function hasSchema({ parameters }: ChatTool): boolean {
    const text = asText(parameters).trim();
    return text !== "" && !ENVIRONMENT.test(text);
  }

  function linkProblem(link: string | undefined, _: Translate): string | undefined {
    if (!link || ENVIRONMENT.test(link) || RED.nodes.node(link)?.type === "link in") return undefined;
    return _("tool-call-router.error.link");
  }

  function problems(tool: ChatTool, names: readonly string[], _: Translate) {
    return {
      name: nameProblem(tool.name ?? "", names, _),
      parameters: hasSchema(tool) ? $.chatSchema.problem(tool.parameters) : undefined,
      link: linkProblem(tool.link, _),
    };
  }

  /** The arguments in short, as `city: string, unit?: string`. */
  function summary(schema: unknown, _: Translate): string {
    const text = asText(schema).trim();
    if (ENVIRONMENT.test(text)) return text;
    const { properties = {}, required = [] } = JSON.parse(text || "{}") as {
      properties?: Record<string, { type?: string | string[] } | boolean>;
      required?: string[];
    };
    const found = Object.entries(properties).map(([name, property]) => {
      const type = typeof property === "object" ? property.type : undefined;
      return `${name}${required.includes(name) ? "" : "?"}${type ? `: ${[type].flat().join(" | ")}` : ""}`;
    });
    return found.join(", ") || _("tool-call-router.tools.noArguments");
  }

  /** The link in nodes by their flows, that of the router first. Another subflow's cannot be called from outside. */
  function linkChoices(node: EditorNode, own: string): JQuery[] {
    const flows = [{ id: node.z ?? "", label: own }];
    RED.nodes.eachWorkspace(({ id, label }) => {
      if (id === node.z) flows[0]!.label = label || own;
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

  function row(element: JQuery, tool: ChatTool, node: EditorNode): ChatToolRow {
    const word = (key: string, values = {}) => node._(`tool-call-router.tools.${key}`, values);
    const labelled = (input: JQuery, key: string) =>
      input.attr("placeholder", word(key)).attr("aria-label", word(key));
    const name = labelled($('<input type="text">'), "name").val(tool.name ?? "");
    const description = labelled($('<textarea rows="1">'), "description").val(tool.description ?? "");
    const own = $("<option>").val("");
    const link = $("<select>")
      .attr("title", word("link"))
      .append(own, linkChoices(node, word("here")));
    if (tool.link && link.find("option").filter((_at, one) => $(one).val() === tool.link).length === 0)
      $("<option>")
        .val(tool.link)
        .text(word("gone", { id: tool.link }))
        .appendTo(link);
    link.val(tool.link ?? "");
    const schema = $('<input type="hidden">').val(asText(tool.parameters));
    const strict = $('<input type="checkbox">').prop("checked", tool.strict === true);
    const caret = $("<i>").addClass("fa fa-caret-right");
    const short = $("<span>").addClass("chat-tool-summary");
    const toggle = $('<button type="button">')
      .addClass("red-ui-button red-ui-button-small")
      .append(caret, $("<span>").text(` ${word("arguments")}`));
    const strictHint = $("<div>").addClass("chat-tool-hint");
    const panel = $("<div>")
      .addClass("chat-tool-panel")
      .append($("<div>").append(schema), $("<label>").text(word("strict")).prepend(strict), strictHint);
    element
      .addClass("chat-tool")
      .append(
        $("<div>").append(name, link),
        $("<div>").append(description),
        $("<div>").append(toggle, short),
        panel.hide(),
      );

    const open = (opened: boolean) => {
      panel.toggle(opened);
      caret.toggleClass("fa-caret-right", !opened).toggleClass("fa-caret-down", opened);
      toggle.attr("aria-expanded", String(opened));
      if (opened && schema.siblings().length === 0) $.chatSchema.show(schema);
    };
    toggle.on("click", () => open(!panel.is(":visible")));
    open(false);

    const read = (): ChatTool => {
      const json = String(schema.val() ?? "");
      const now = {
        name: String(name.val()).trim(),
        description: String(description.val()),
        parameters: json === asText(tool.parameters) ? tool.parameters : json,
        strict: strict.is(":checked"),
        link: String(link.val() ?? ""),
      };
      // What a flow leaves out stays out, so that looking at it is no change.
      const same = { name: "", description: "", parameters: undefined, strict: false, link: "", ...tool };
      const differs = (key: string) => now[key as keyof ChatTool] !== same[key as keyof ChatTool];
      return {
        ...tool,
        ...Object.fromEntries(Object.entries(now).filter(([key]) => differs(key))),
      };
    };
    return {
      read,
      open() {
        open(true);
        name.trigger("focus");
      },
      judge(names) {
        const now = read();
        const wrong = problems(now, names, node._);
        name.toggleClass("input-error", wrong.name !== undefined).attr("title", wrong.name ?? "");
        link.toggleClass("input-error", wrong.link !== undefined).attr("title", wrong.link ?? word("link"));
        // An open editor says itself what is wrong.
        const said = panel.is(":visible") ? "" : wrong.parameters;
        short.text(wrong.parameters === undefined ? summary(now.parameters, node._) : (said ?? ""));
        short.toggleClass("chat-wrong", wrong.parameters !== undefined);
        // Not wrong everywhere: some services take any schema.
        const loose = now.strict && hasSchema(now) ? $.chatSchema.strictProblem(now.parameters) : undefined;
        strictHint.text(loose ?? word("strictHint")).toggleClass("chat-wrong", loose !== undefined);
      },
      number(output) {
        own.text(output === undefined ? word("own") : word("output", { output }));
      },
    };
  }

  $.extend({ chatTool: { problems, row } });
})();
