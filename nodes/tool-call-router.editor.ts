/** The editor half of tool-call-router. */
(() => {
  interface RouterNode extends EditorNode {
    tools?: ChatTool[];
    links?: string[];
    otherTools?: boolean;
    outputs?: number;
    [setting: string]: unknown;
  }

  /** What the list of the dialog keeps of a tool; nothing for one that is being added. */
  interface Item {
    tool?: ChatTool;
    /** The output that it had when the dialog was opened, or a key that is no number. */
    port?: string;
    /** The name by which the tool choice knows it: the last that was not empty. */
    name?: string;
    row?: ChatToolRow;
  }

  /** The stream and the next turn come before the tools. */
  const FIXED = 2;
  /** A value that Node-RED replaces by an environment variable when the node starts. */
  const ENVIRONMENT = /^\$(\{[^}]+\}|\([^)]+\))$/;
  const CHOICES = ["", "auto", "required", "none"];
  const STARTER = {
    type: "object",
    properties: { city: { type: "string", description: "Name of the city" } },
    required: ["city"],
    additionalProperties: false,
  };

  const toolsOf = (node: RouterNode) => (Array.isArray(node.tools) ? node.tools : []);
  const ownOutput = (tool: ChatTool) => !tool.link;

  function judgeTools(this: RouterNode, value: unknown, _options: object): true | string | string[] {
    if (value !== undefined && !Array.isArray(value)) return this._("tool-call-router.error.tools");
    const tools = toolsOf(this);
    const names = tools.map(({ name }) => name ?? "");
    const problems = tools.flatMap((tool, at) => {
      const called = tool.name || this._("tool-call-router.error.unnamed", { number: at + 1 });
      const found = Object.values($.chatTool.problems(tool, names, this._));
      return found.flatMap((problem) => (problem ? `${called}: ${problem}` : []));
    });
    return problems.length === 0 || problems;
  }

  /** A whole number from `low` up, or any number above it; what a flow leaves out has its default. */
  function atLeast(setting: string, low: number, whole: boolean): Validator<RouterNode> {
    return function (value, _options) {
      const text = String(value ?? this._def.defaults[setting]!.value).trim();
      if (ENVIRONMENT.test(text)) return true;
      const number = Number(text);
      const right = text !== "" && (whole ? Number.isInteger(number) && number >= low : number > low);
      return right || this._(`tool-call-router.error.${setting}`);
    };
  }

  RED.nodes.registerType<RouterNode>("tool-call-router", {
    category: "AI",
    color: "#8FBFC3",
    icon: "tool-call-router.svg",
    defaults: {
      name: { value: "" },
      tools: { value: [], validate: judgeTools },
      links: { value: [], type: "link in[]" },
      otherTools: { value: false },
      toolChoice: { value: "" },
      parallel: { value: "" },
      maxRounds: { value: 8, validate: atLeast("maxRounds", 1, true) },
      toolTimeout: { value: 60, validate: atLeast("toolTimeout", 0, false) },
      maxResult: { value: 262144, validate: atLeast("maxResult", 1, true) },
      outputs: { value: 2 },
    },
    inputs: 1,
    outputs: 2,
    paletteLabel: "tool call router",
    inputLabels() {
      return this._("tool-call-router.port.input");
    },
    outputLabels(index) {
      const names = toolsOf(this)
        .filter(ownOutput)
        .map(({ name }) => name || this._("tool-call-router.port.unnamed"));
      const fixed = [this._("tool-call-router.port.stream"), this._("tool-call-router.port.next")];
      return [...fixed, ...names, ...(this.otherTools ? [this._("tool-call-router.port.other")] : [])][index];
    },
    label() {
      return this.name || this._("tool-call-router.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      fillMissing(this);
      showTabs(this);
      prepareTools(this);
    },
    oneditsave() {
      this.tools = items().map(({ row }) => row!.read());
      this.links = this.tools.some(({ link }) => link) ? this.tools.map(({ link }) => link ?? "") : [];
    },
  });

  /**
   * Mends what a flow brings. Copied nodes have new ids: the editor brings `links` in order, as it does for core's own
   * link nodes, but does not look into the tools. And one written by hand may not say how many outputs there are.
   */
  RED.events.on("nodes:add", (added) => {
    if (added.type !== "tool-call-router") return;
    const node = added as RouterNode;
    const tools = toolsOf(node);
    const { links = [], outputs } = node;
    const count = FIXED + tools.filter(ownOutput).length + (node.otherTools ? 1 : 0);
    if (outputs !== count) node.outputs = count;
    if (links.length === tools.length && tools.some(({ link = "" }, at) => link !== links[at]))
      node.tools = tools.map((tool, at) => (tool.link ? { ...tool, link: links[at]! } : tool));
  });

  /** A flow written by hand may leave settings out; the runtime takes the same defaults. */
  function fillMissing(node: RouterNode): void {
    for (const [setting, { value }] of Object.entries(node._def.defaults)) {
      const fills = node[setting] === undefined && ["string", "number"].includes(typeof value);
      if (fills) $(`#node-input-${setting}`).val(value as string);
    }
  }

  function showTabs(node: RouterNode): void {
    const pages = $("#tool-call-router-pages").children();
    const tabs = RED.tabs.create({
      id: "tool-call-router-tabs",
      onchange: ({ id }) => {
        pages.hide();
        $(`#${id}`).show();
        RED.tray.resize();
      },
    });
    for (const page of ["tools", "run"]) {
      tabs.addTab({ id: `tool-call-router-${page}`, label: node._(`tool-call-router.tab.${page}`) });
    }
    // A mistake on a page that is not in front would be invisible.
    const mark = () =>
      pages.each((_index, page) => {
        const wrong = $(page).find(".input-error, .chat-tool-summary.chat-wrong").length > 0;
        $(`#red-ui-tab-${page.id}`).toggleClass("chat-tab-wrong", wrong);
      });
    $("#tool-call-router-form").on("change keyup paste click", () => setTimeout(mark, 50));
    setTimeout(mark, 100);
  }

  function items(): Item[] {
    return $("#tool-call-router-list")
      .editableList("items")
      .toArray()
      .map((element) => $(element).data("data") as Item);
  }

  function prepareTools(node: RouterNode): void {
    const list = $("#tool-call-router-list");
    const other = $("#node-input-otherTools");
    const choice = $("#node-input-toolChoice");
    /** The outputs as they were, by number. */
    const before = toolsOf(node).filter(ownOutput);
    let added = 0;
    const otherPort = node.otherTools ? String(FIXED + before.length) : "other";

    /** Where each output has gone, by which the editor moves the wires, as it does for core's switch node. */
    const number = () => {
      const gone = [...before.keys(), ...(node.otherTools ? [before.length] : [])];
      const now = new Map<string, number>(gone.map((at) => [String(FIXED + at), -1]));
      for (let at = 0; at < FIXED; at++) now.set(String(at), at);
      let next = FIXED;
      for (const { row, port } of items()) {
        const own = ownOutput(row!.read());
        if (own) now.set(port!, next++);
        row!.number(own ? next : undefined);
      }
      if (other.is(":checked")) now.set(otherPort, next);
      $("#node-input-outputs").val(JSON.stringify(Object.fromEntries(now)));
    };

    /** The tool that has to be called is chosen by its name, also where that is deleted before a new one is typed. */
    const offer = (names: readonly string[]) => {
      for (const [at, item] of items().entries()) {
        const name = names[at];
        if (!name) continue;
        if (item.name && choice.val() === item.name) choose(name, names);
        item.name = name;
      }
      choose(String(choice.val()), names);
    };
    const choose = (chosen: string, names: readonly string[] = []) => {
      choice.empty();
      // What is stored may be a tool that comes with the messages.
      for (const one of new Set([...CHOICES, ...names.filter(Boolean), chosen])) {
        const listed = names.includes(one) || ENVIRONMENT.test(one);
        const key = CHOICES.includes(one) ? one || "default" : listed ? "tool" : "otherTool";
        $("<option>")
          .val(one)
          .text(node._(`tool-call-router.toolChoice.${key}`, { tool: one }))
          .appendTo(choice);
      }
      choice.val(chosen);
    };

    const changed = () => {
      number();
      const names = items().map(({ row }) => row!.read().name ?? "");
      offer(names);
      for (const { row } of items()) row!.judge(names);
    };
    choose(String(node.toolChoice ?? ""));
    list.editableList<Item>({
      addButton: node._("tool-call-router.tools.add"),
      sortable: true,
      removable: true,
      height: "auto",
      addItem: (element, _at, item) => {
        const fresh = item.tool === undefined;
        const parameters = JSON.stringify(STARTER, null, 2);
        item.tool ??= { name: "", description: "", parameters, strict: false, link: "" };
        item.port ??= `new-${added++}`;
        item.name = item.tool.name ?? "";
        item.row = $.chatTool.row(element, item.tool, node);
        if (fresh) setTimeout(() => item.row!.open());
      },
      removeItem: ({ name }) => {
        if (name && choice.val() === name) choose("");
        setTimeout(changed);
      },
      sortItems: changed,
    });
    for (const tool of toolsOf(node)) {
      const at = before.indexOf(tool);
      list.editableList("addItem", at < 0 ? { tool } : { tool, port: String(FIXED + at) });
    }
    $("#tool-call-router-tools").on("change keyup paste click", () => setTimeout(changed));
    changed();
  }
})();
