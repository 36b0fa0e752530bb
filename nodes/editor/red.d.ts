/**
 * The part of the editor's API that this package uses (nodered.org/docs/api/ui, Node-RED 4.1 and 5). It is global in
 * the browser and so ambient here: an editor script imports nothing, because it is transpiled and not bundled.
 */

type Translate = (key: string, values?: Record<string, string | number>) => string;

/** The credentials of a node in the editor: the values typed since the last deploy, otherwise only `has_…` flags. */
type EditorCredentials = Record<string, string | boolean | undefined>;

/** A node in the editor. */
interface EditorNode {
  readonly id: string;
  readonly type: string;
  readonly _def: {
    readonly defaults: Readonly<Record<string, { readonly value: unknown; readonly type?: string }>>;
  };
  /** Looks up a text in the catalogue of the node's own set. */
  readonly _: Translate;
  name?: string;
  /** Id of the tab or subflow that contains the node. */
  z?: string;
  /** Edited since the last deploy. */
  changed?: boolean;
  credentials?: EditorCredentials;
}

/**
 * Checks a value. It returns `true`, or sentences that say what is wrong. It must declare both parameters: otherwise
 * the editor takes a sentence for "valid". It also runs without a dialog, when a flow is loaded or imported.
 */
type Validator<T> = (this: T, value: unknown, options: { label?: string }) => true | string | string[];

interface EditorProperty<T> {
  value: unknown;
  /** The type of the config node whose id is the value. */
  type?: string;
  required?: boolean;
  /** Name of the property in the editor's own messages. */
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
  /** Called when the author has dragged a new node from the palette, before it is added. */
  onadd?(this: T): void;
  oneditprepare?(this: T): void;
  oneditsave?(this: T): void;
}

interface Tabs {
  /** @param at position of the new tab; default: the last */
  addTab(tab: { id: string; label: string }, at?: number): void;
  removeTab(id: string): void;
  activateTab(id: string): void;
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

/** A code editor: Monaco, or Ace if the settings say so. */
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
  searchBox(options: { delay: number; change(): void }): JQuery;
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
    /** Makes an id for a new node. */
    id(): string;
    add(node: EditorNode): void;
    getType(type: string): (EditorNode["_def"] & { readonly _: Translate }) | undefined;
    eachConfig(visit: (node: EditorNode) => void): void;
    filterNodes(filter: { type?: string; z?: string }): EditorNode[];
    /** Visits the tabs in their order. */
    eachWorkspace(visit: (tab: { id: string; label?: string }) => void): void;
  };
  events: {
    on(event: "deploy" | "nodes:add", listener: (node: EditorNode) => void): void;
    on(event: "registry:node-type-added", listener: (type: string) => void): void;
  };
  settings: {
    /** The names of the context stores. */
    context?: { stores?: string[] };
    /** Path of the HTTP root of flows. */
    httpNodeRoot?: string;
  };
  view: {
    redraw(): void;
    /** Shows a node on the canvas, or a config node in its sidebar. */
    reveal(id: string): void;
  };
  plugins: { registerPlugin(id: string, plugin: { onadd(): void }): void };
  actions: { add(name: string, run: () => void): void };
  sidebar: {
    addTab(tab: {
      id: string;
      label: string;
      name: string;
      iconClass: string;
      content: JQuery;
      /** Whether it can be used while a dialog is open. */
      enableOnEdit: boolean;
      /** The action that shows it. */
      action: string;
    }): void;
    show(id: string): void;
  };
  utils: {
    /** @returns what the canvas shows as the label of a node */
    getNodeLabel(node: EditorNode, fallback: string): string;
  };
  user: { hasPermission(permission: string): boolean };
  i18n: { lang(): string };
  /** @param text shown as markup: it must come from a catalogue */
  notify(text: string, type: "error"): void;
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
    /** Turns an input into a list of the config nodes of a type, with buttons that edit and add one. */
    prepareConfigNodeSelect(node: EditorNode, property: string, type: string, prefix: string): void;
    /** Runs a node's validators and stores the result in the node. */
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
