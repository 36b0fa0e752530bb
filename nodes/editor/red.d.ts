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
  /** Edited since the last deploy. */
  changed?: boolean;
  credentials?: EditorCredentials;
}

/**
 * Says whether a value will do: `true`, or a sentence that says what is wrong. It must declare both parameters, else
 * the editor takes the sentence for "valid". It may run without a dialog, when a flow is loaded or imported.
 */
type Validator<T> = (this: T, value: unknown, options: { label?: string }) => true | string;

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
  addTab(tab: { id: string; label: string }): void;
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
  };
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
