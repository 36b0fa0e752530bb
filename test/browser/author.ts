import type { Editor } from "./editor.js";

/** Somebody who builds a flow with the mouse and the keyboard. Counts what they do. */
export class Author {
  actions = 0;

  constructor(readonly editor: Editor) {}

  /** Does one thing: a drag, a wire, a click, or a value in a field. */
  async do<T>(action: () => Promise<T>): Promise<T> {
    this.actions++;
    return action();
  }

  drag(type: string, x: number, y: number): Promise<string> {
    return this.do(() => this.editor.drag(type, x, y));
  }

  /** Draws a wire from each node to the next. */
  async wire(...ids: string[]): Promise<void> {
    for (const [at, id] of ids.slice(1).entries()) await this.do(() => this.editor.drawWire(ids[at]!, id));
  }

  /** Draws a wire from an output, counted from 1. */
  wireOutput(from: string, output: number, to: string): Promise<void> {
    return this.do(() => this.editor.drawWire(from, to, output - 1));
  }

  /** Opens the dialog of a node, changes it and confirms. The change counts its own actions. */
  async edit(id: string, change: () => Promise<void>): Promise<void> {
    await this.do(() => this.editor.openDialog(id));
    await change();
    await this.do(() => this.editor.confirmDialog());
  }

  fill(field: string, text: string): Promise<void> {
    return this.do(() => this.editor.fillField(field, text));
  }

  /** Chooses a value of a select field. */
  choose(field: string, value: string): Promise<unknown> {
    return this.do(() => this.editor.getField(field).selectOption(value));
  }

  /** Writes the text that an inject node sends. */
  async setPrompt(inject: string, text: string): Promise<void> {
    await this.edit(inject, async () => {
      const value = this.editor.page.locator(".node-input-prop-property-value").first();
      // One to choose the type, one to write.
      this.actions++;
      await this.do(() => this.editor.setTypedInput(value, "string", text));
    });
  }

  deploy(): Promise<void> {
    return this.do(() => this.editor.deploy());
  }

  press(inject: string): Promise<void> {
    return this.do(() => this.editor.pressInject(inject));
  }
}
