/**
 * The part of the editor's API that this package uses (nodered.org/docs/api/ui, Node-RED 4.1 and 5). It is global in
 * the browser and so ambient here: an editor half may import nothing, since it is transpiled and not bundled.
 */

type Translate = (key: string, values?: Record<string, string | number>) => string;

/** What the editor may hold of a node's credentials: what was typed since the last deploy, else only `has_…`. */
type EditorCredentials = Record<string, string | boolean | undefined>;

/** A node as it stands in the editor. */
interface EditorNode {
  readonly id: string;
  readonly type: string;
  readonly _def: {
    readonly defaults: Readonly<Record<string, { readonly value: unknown; readonly type?: string }>>;
  };
  /** Looks a word up in the catalogue of the node's own set. */
  readonly _: Translate;
  name?: string;
  /** The tab or subflow that it stands in. */
  z?: string;
  /** Edited since the last deploy. */
  changed?: boolean;
  credentials?: EditorCredentials;
}

/**
 * Says whether a value will do: `true`, or sentences that say what is wrong. It must declare both parameters, else
 * the editor takes the sentence for "valid". It may run without a dialog, when a flow is loaded or imported.
 */
type Validator<T> = (this: T, value: unknown, options: { label?: string }) => true | string | string[];

interface EditorProperty<T> {
  value: unknown;
  /** The type of config node that the value is the id of. */
  type?: string;
  required?: boolean;
  /** Stands in the editor's own messages. */
  label?: string;
  validate?: Validator<T>;
}

interface NodeDefinition<T> {
  category: string;
  defaults: Record<string, EditorProperty<T>>;
  credentials?: Record<string, { type: "text" | "password"; validate?: Validator<T> }>;
  color?: string;
  icon?: string;
  inputs?: number;
  outputs?: number;
  paletteLabel?: string;
  inputLabels?(this: T, index: number): string;
  outputLabels?(this: T, index: number): string | undefined;
  label(this: T): string;
  labelStyle?(this: T): string;
  oneditprepare?(this: T): void;
  oneditsave?(this: T): void;
}

interface Tabs {
  /** @param at how many tabs stand before it; default: all */
  addTab(tab: { id: string; label: string }, at?: number): void;
  removeTab(id: string): void;
}

interface PopoverMenuOption {
  value: string;
  /** A string is set as text, never as markup. */
  label: string;
}

interface TypedInputType {
  value: string;
  label: string;
  icon?: string;
  hasValue?: boolean;
}

/** A code editor: Monaco, or Ace where the settings say so. */
interface CodeEditor {
  getValue(): string;
  setValue(text: string, cursor?: number): void;
  getSession(): { on(event: "change", listener: () => void): void };
  destroy(): void;
}

interface JQuery {
  typedInput(options: { types: (string | TypedInputType)[]; typeField?: string | JQuery }): JQuery;
  typedInput(action: "type" | "value"): string;
  typedInput(action: "type" | "value" | "width", value: string): void;
  autoComplete(options: {
    minLength?: number;
    search(value: string, done: (options: PopoverMenuOption[]) => void): void;
  }): JQuery;
  editableList<T>(options: {
    addItem(row: JQuery, index: number, data: T): void;
    addButton?: string;
    removable?: boolean;
    removeItem?(data: T): void;
    sortable?: boolean;
    sortItems?(items: JQuery): void;
    height?: number | "auto";
  }): JQuery;
  editableList(action: "addItem" | "removeItem", data: object): void;
  editableList(action: "items"): JQuery;
}

declare const RED: {
  _: Translate;
  nodes: {
    registerType<T extends EditorNode = EditorNode>(type: string, definition: NodeDefinition<T>): void;
    node(id: string): EditorNode | null | undefined;
    eachConfig(visit: (node: EditorNode) => void): void;
    filterNodes(filter: { type?: string; z?: string }): EditorNode[];
    /** Tabs, in their order. */
    eachWorkspace(visit: (tab: { id: string; label?: string }) => void): void;
  };
  events: { on(event: "deploy" | "nodes:add", listener: (node: EditorNode) => void): void };
  view: { redraw(): void };
  tabs: {
    create(options: { id: string; onchange(tab: { id: string }): void }): Tabs;
  };
  popover: {
    menu(options: {
      options: PopoverMenuOption[];
      onselect(option: PopoverMenuOption): void;
      onclose?(): void;
      width?: number;
      maxHeight?: number;
      class?: string;
      tabSelect?: boolean;
      disposeOnClose?: boolean;
    }): { show(options: { target: JQuery }): void };
  };
  editor: {
    /** Judges a node by its validators, and notes the result in it. */
    validateNode(node: EditorNode): boolean;
    createEditor(options: { element: Element; mode: string; value: string }): CodeEditor;
    editJSON(options: { value: string; title?: string; complete(text: string): void }): void;
    editText(options: {
      value: string;
      mode: string;
      title?: string;
      focus?: boolean;
      complete(text: string): void;
    }): void;
  };
  tray: { resize(): void };
};

/** A field that only one service has; see `ProviderSetting` in src/providers. */
interface ChatSetting {
  name: string;
  kind: "text" | "number" | "choice" | "tick";
  choices?: string[];
  value?: string | number | boolean;
  required?: boolean;
  shared?: boolean;
}

/** A service as the runtime lists it; see the admin route `chat-provider/providers`. */
interface ChatService {
  id: string;
  label: string;
  baseUrl?: string;
  keyRequired: boolean;
  keyVariable?: string;
  settings?: ChatSetting[];
}

/** Parts of chat-provider's dialog, each in a file of its own that goes before the node's. */
interface JQueryStatic {
  chatSettings: {
    /** What is wrong with the values, each in a sentence. */
    faults(service: ChatService, values: Readonly<Record<string, unknown>>, _: Translate): string[];
    /** Builds the fields. @returns what reads them */
    show(
      into: JQuery,
      service: ChatService,
      values: Readonly<Record<string, unknown>>,
      _: Translate,
    ): () => Record<string, unknown>;
  };
  chatHeaders: { show(node: EditorNode): void; valid(text: unknown): boolean };
}

/** The editor for JSON Schemas, which comes with chat-provider and serves every dialog that asks for one. */
interface JQueryStatic {
  chatSchema: {
    /**
     * What is wrong with the JSON Schema of an object, given as text or as a value.
     *
     * @param anyType whether it may be the schema of something else
     * @returns a sentence in the language of the editor, undefined where nothing is wrong
     */
    problem(schema: unknown, anyType?: boolean): string | undefined;
    /**
     * What a service refuses in such a schema that keeps the model to it: properties that may be missing, or be more.
     *
     * @returns as `problem`; undefined also where the schema is none
     */
    strictProblem(schema: unknown): string | undefined;
    /**
     * Puts an editor behind an input, usually a hidden one. The input's value is the schema's text, and "" where there
     * is none; "change" is triggered on it as one types. The editor goes when the input goes.
     */
    show(input: JQuery, anyType?: boolean): void;
  };
}

/** A tool of tool-call-router, as a flow holds it. */
interface ChatTool {
  name?: string;
  description?: string;
  /** JSON Schema of the arguments: JSON text, or an object in a flow that was written by hand. */
  parameters?: unknown;
  strict?: boolean;
  /** The id of the link in node that answers; "" is an output of its own. */
  link?: string;
}

/** A tool's row in the dialog. */
interface ChatToolRow {
  read(): ChatTool;
  /** Shows the arguments and goes to the name. */
  open(): void;
  /** Marks what is wrong. @param names those of all tools */
  judge(names: readonly string[]): void;
  /** Says which output the tool has; undefined where a link in node answers. */
  number(output: number | undefined): void;
}

/** A part of tool-call-router's dialog. */
interface JQueryStatic {
  chatTool: {
    /** What is wrong with a tool, in sentences without its name. */
    problems(
      tool: ChatTool,
      names: readonly string[],
      _: Translate,
    ): Record<"name" | "parameters" | "link", string | undefined>;
    row(element: JQuery, tool: ChatTool, node: EditorNode): ChatToolRow;
  };
}
