/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/dialog.editor.ts" />
/// <reference path="editor/empty-list.editor.ts" />
/// <reference path="editor/schema.editor.ts" />
/// <reference path="tool-call-router.tool.editor.ts" />
/// <reference path="tool-call-router.mcp.editor.ts" />

/** The editor half of tool-call-router. */
(() => {
  interface RouterNode extends EditorNode {
    tools?: RouterTool.Tool[];
    links?: string[];
    mcp?: RouterMcp.Row[];
    servers?: string[];
    otherTools?: boolean;
    messageSchemas?: boolean;
    outputs?: number;
    toolChoice?: string;
    keepRuns?: string;
  }

  /** A tool in the dialog's list; a new one is empty. */
  interface Item {
    tool?: RouterTool.Tool;
    /** The output that the tool had when the dialog was opened, or a key that is not a number. */
    port?: string;
    /** The last name that was not empty; the tool choice knows the tool by it. */
    name?: string;
    row?: RouterTool.Row;
  }

  /** The stream and the next turn have the outputs before those of the tools. */
  const FIXED_OUTPUTS = 2;
  const TOOL_CHOICES = ["", "auto", "required", "none"];
  /** Schema of a new tool's arguments. */
  const STARTER = {
    type: "object",
    properties: { city: { type: "string", description: "Name of the city" } },
    required: ["city"],
    additionalProperties: false,
  };

  const { checkNumber, isVariable } = Validators;

  function readTools(node: RouterNode): RouterTool.Tool[] {
    return Array.isArray(node.tools) ? node.tools : [];
  }

  function readRows(node: RouterNode): RouterMcp.Row[] {
    return Array.isArray(node.mcp) ? node.mcp : [];
  }

  function checkMcp(this: RouterNode, value: unknown, _options: object): true | string | string[] {
    if (value !== undefined && !Array.isArray(value)) return this._("tool-call-router.error.mcp");
    const mistakes = RouterMcp.findMistakes(readRows(this), this._);
    return mistakes.length === 0 || mistakes;
  }

  function hasOwnOutput(tool: RouterTool.Tool): boolean {
    return !tool.link;
  }

  /** What has an output: a tool, a row of an MCP server whose calls wait, or all tools that come with the messages. */
  type Source = RouterTool.Tool | RouterMcp.Row | "otherTools";

  /** Lists what has an output after the fixed ones, in the order of the outputs. */
  function listSources(node: RouterNode): Source[] {
    const approvals = readRows(node).filter(({ approve }) => approve);
    return [
      ...readTools(node).filter(hasOwnOutput),
      ...approvals,
      ...(node.otherTools ? ["otherTools" as const] : []),
    ];
  }

  /** @returns the index of a source's output as text; undefined if it has none */
  function findPort(sources: readonly Source[], source: Source): string | undefined {
    const at = sources.indexOf(source);
    return at < 0 ? undefined : String(FIXED_OUTPUTS + at);
  }

  function checkTools(this: RouterNode, value: unknown, _options: object): true | string | string[] {
    if (value !== undefined && !Array.isArray(value)) return this._("tool-call-router.error.tools");
    const tools = readTools(this);
    const names = tools.map(({ name }) => name ?? "");
    const mistakes = tools.flatMap((tool, at) => {
      const name = tool.name || this._("tool-call-router.error.unnamed", { number: at + 1 });
      const found = Object.values(RouterTool.findMistakes(tool, names, this._));
      return found.flatMap((mistake) => (mistake ? `${name}: ${mistake}` : []));
    });
    return mistakes.length === 0 || mistakes;
  }

  RED.nodes.registerType<RouterNode>("tool-call-router", {
    category: "AI",
    color: "#8FBFC3",
    icon: "tool-call-router.svg",
    defaults: {
      name: { value: "" },
      tools: { value: [], validate: checkTools },
      links: { value: [], type: "link in[]" },
      mcp: { value: [], validate: checkMcp },
      servers: { value: [], type: "mcp-server[]" },
      endpoint: { value: "", type: "chat-endpoint", required: false },
      otherTools: { value: false },
      messageSchemas: { value: false },
      toolChoice: { value: "" },
      parallel: { value: "" },
      maxRounds: { value: 8, validate: checkNumber("maxRounds", { min: 1, whole: true }) },
      toolTimeout: { value: 60, validate: checkNumber("toolTimeout", { above: 0 }) },
      maxResult: { value: 262144, validate: checkNumber("maxResult", { min: 1, whole: true }) },
      keepRuns: { value: "" },
      keepFor: { value: 72, validate: checkNumber("keepFor", { above: 0 }) },
      outputs: { value: 2 },
    },
    inputs: 1,
    outputs: 2,
    paletteLabel: "tool call router",
    inputLabels() {
      return this._("tool-call-router.port.input");
    },
    outputLabels(index) {
      const names = readTools(this)
        .filter(hasOwnOutput)
        .map(({ name }) => name || this._("tool-call-router.port.unnamed"));
      const fixed = [this._("tool-call-router.port.stream"), this._("tool-call-router.port.next")];
      const approvals = readRows(this)
        .filter(({ approve }) => approve)
        .map((row) => RouterMcp.labelOutput(row, this._));
      const other = this.otherTools ? [this._("tool-call-router.port.other")] : [];
      return [...fixed, ...names, ...approvals, ...other][index];
    },
    label() {
      return this.name || this._("tool-call-router.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      Dialog.fillMissing(this);
      Dialog.showTabs(this, ["tools", "run"], { mistakes: ".input-error, .chat-tool-summary.chat-wrong" });
      prepareTools(this);
      prepareStore(this);
    },
    oneditsave() {
      this.tools = listItems().map(({ row }) => row!.readTool());
      this.mcp = RouterMcp.listItems().map(({ readRow }) => readRow!());
      this.servers = this.mcp.map(({ server }) => server ?? "");
      RouterMcp.noteUse(this, this.mcp);
      this.links = this.tools.some(({ link }) => link) ? this.tools.map(({ link }) => link ?? "") : [];
    },
  });

  /**
   * Corrects a node that comes with a flow. Copied nodes have new ids: the editor adapts the ids in `links`, as it does
   * for core's own link nodes, but not those in the tools. A flow written by hand may lack the number of outputs.
   */
  RED.events.on("nodes:add", (added) => {
    if (added.type !== "tool-call-router") return;
    const node = added as RouterNode;
    const tools = readTools(node);
    const { links = [], servers = [], outputs } = node;
    const rows = readRows(node);
    const count = FIXED_OUTPUTS + listSources(node).length;
    if (outputs !== count) node.outputs = count;
    if (links.length === tools.length && tools.some(({ link = "" }, at) => link !== links[at]))
      node.tools = tools.map((tool, at) => (tool.link ? { ...tool, link: links[at]! } : tool));
    if (servers.length === rows.length && rows.some(({ server = "" }, at) => server !== servers[at]))
      node.mcp = rows.map((row, at) => ({ ...row, server: servers[at]! }));
    RouterMcp.noteUse(node, readRows(node));
  });

  /** Asks how long runs are kept only if they are. */
  function prepareStore(node: RouterNode): void {
    const store = $("#node-input-keepRuns");
    Dialog.listStores("#node-input-keepRuns", node.keepRuns ?? "", node._("tool-call-router.store.none"));
    const adapt = () => $("#tool-call-router-keep-for-row").toggle(store.val() !== "");
    store.on("change", adapt);
    adapt();
  }

  function listItems(): Item[] {
    return $("#tool-call-router-list")
      .editableList("items")
      .toArray()
      .map((element) => $(element).data("data") as Item);
  }

  /** Lists the tool choices, with the tools by their names. */
  function fillToolChoice(node: RouterNode, chosen: string, names: readonly string[] = []): void {
    const toolChoice = $("#node-input-toolChoice").empty();
    // The stored choice may be a tool that comes with the messages.
    for (const choice of new Set([...TOOL_CHOICES, ...names.filter(Boolean), chosen])) {
      const isListed = names.includes(choice) || isVariable(choice);
      const key = TOOL_CHOICES.includes(choice) ? choice || "default" : isListed ? "tool" : "otherTool";
      $("<option>")
        .val(choice)
        .text(node._(`tool-call-router.toolChoice.${key}`, { tool: choice }))
        .appendTo(toolChoice);
    }
    toolChoice.val(chosen);
  }

  /** Offers the tools as a tool choice. A chosen tool stays chosen when it is renamed. @param names names of all tools */
  function offerTools(node: RouterNode, names: readonly string[]): void {
    const toolChoice = $("#node-input-toolChoice");
    for (const [at, item] of listItems().entries()) {
      const name = names[at];
      if (!name) continue;
      if (item.name && toolChoice.val() === item.name) fillToolChoice(node, name, names);
      item.name = name;
    }
    fillToolChoice(node, String(toolChoice.val()), names);
  }

  /**
   * Notes the new place of each output. The editor moves the wires by it, as it does for core's switch node.
   * @param before the sources when the dialog was opened
   */
  function numberOutputs(before: readonly Source[]): void {
    const places = new Map<string, number>();
    for (let at = 0; at < FIXED_OUTPUTS; at++) places.set(String(at), at);
    // -1: the output is gone.
    for (const source of before) places.set(findPort(before, source)!, -1);
    let next = FIXED_OUTPUTS;
    /** @returns the number of the output, from 1 */
    const place = (port: string, hasOutput: boolean): number | undefined => {
      if (!hasOutput) return undefined;
      places.set(port, next);
      return ++next;
    };
    for (const { row, port } of listItems()) row!.showOutput(place(port!, hasOwnOutput(row!.readTool())));
    for (const { readRow, port, showOutput } of RouterMcp.listItems())
      showOutput!(place(port!, readRow!().approve === true));
    place(findPort(before, "otherTools") ?? "other", hasOtherTools());
    $("#node-input-outputs").val(JSON.stringify(Object.fromEntries(places)));
  }

  function hasOtherTools(): boolean {
    return $("#node-input-otherTools").is(":checked");
  }

  /**
   * Makes the list of tools, still empty.
   * @param onChange called when tools were removed or sorted
   */
  function createToolList(node: RouterNode, onChange: () => void): JQuery {
    const list = $("#tool-call-router-list");
    let addedCount = 0;
    list.editableList<Item>({
      addButton: node._("tool-call-router.tools.add"),
      sortable: true,
      removable: true,
      height: "auto",
      addItem: (element, _at, item) => {
        const isNew = item.tool === undefined;
        const parameters = Schema.toText(STARTER);
        item.tool ??= { name: "", description: "", parameters, strict: false, link: "" };
        item.port ??= `new-${addedCount++}`;
        item.name = item.tool.name ?? "";
        item.row = RouterTool.createRow(element, item.tool, node);
        if (isNew) setTimeout(() => item.row!.open());
      },
      removeItem: ({ name }) => {
        if (name && $("#node-input-toolChoice").val() === name) fillToolChoice(node, "");
        setTimeout(onChange);
      },
      sortItems: onChange,
    });
    EmptyList.describe(list, node._("tool-call-router.tools.none"));
    return list;
  }

  function prepareTools(node: RouterNode): void {
    const before = listSources(node);
    const update = () => {
      numberOutputs(before);
      $("#tool-call-router-message-schemas-row").toggle(hasOtherTools());
      const names = listItems().map(({ row }) => row!.readTool().name ?? "");
      offerTools(node, names);
      for (const { row } of listItems()) row!.check(names);
    };
    fillToolChoice(node, String(node.toolChoice ?? ""));
    const list = createToolList(node, update);
    for (const tool of readTools(node)) list.editableList("addItem", { tool, port: findPort(before, tool) });
    const rows = readRows(node).map((row) => ({ row, port: findPort(before, row) }));
    RouterMcp.prepare(node, rows, update);
    $("#tool-call-router-tools").on("change keyup paste input click", () => setTimeout(update));
    update();
  }
})();
