import { DEFAULT_LIMITS } from "../limits.js";
import { endsWithHighSurrogate } from "../surrogates.js";
import { type JsonFault, type JsonFaultKind, type JsonReceiver, JsonScanner } from "./scanner.js";

/** An object or array that has begun and not ended. */
interface Frame {
  container: unknown[] | Record<string, unknown>;
  /** In an object, the key of the current member. */
  key: string;
  /** How many members or elements are complete. */
  size: number;
}

/**
 * Builds the value of a JSON text that comes in pieces, and knows at any time the value so far: open strings, arrays
 * and objects count as far as they have come, numbers and words once they are complete, a member once its value
 * begins. Where the text is cut makes no difference. At the end the value is what JSON.parse gives, and the scanner
 * refuses what JSON.parse refuses. It also refuses JSON that nests too deeply or has a key that leads to a prototype.
 */
export class PartialJson {
  /** Whether the value has grown since `take` was last called. */
  hasGrown = false;
  private root: unknown;
  private readonly frames: Frame[] = [];
  /** The current string or key so far. */
  private text = "";
  /** Whether `text` is a string that is a value, not a key. */
  private inString = false;
  /** A high surrogate at the end of `text` whose other half is still to come. */
  private highSurrogate = "";
  private readonly scanner = new JsonScanner(this.createReceiver());

  /** @param maxDepth how deeply objects and arrays may nest */
  constructor(private readonly maxDepth = DEFAULT_LIMITS.depth) {}

  /** Why nothing more is read; undefined as long as the text can still become JSON. */
  get fault(): JsonFault | undefined {
    return this.scanner.fault;
  }

  get failed(): boolean {
    return this.scanner.fault !== undefined;
  }

  /** Whether the value has ended. */
  get isComplete(): boolean {
    return this.scanner.isComplete;
  }

  /** Reads the next piece of the text. */
  add(text: string): void {
    this.scanner.add(text);
  }

  /** Ends the text, which completes a number that stands alone. */
  end(): void {
    this.scanner.end();
  }

  /** How many members and elements `take` has to copy. */
  get copyCost(): number {
    let slots = 0;
    if (!this.isComplete) for (const { size } of this.frames) slots += size + 1;
    return slots;
  }

  /**
   * The value so far, or undefined before it has begun. It never changes afterwards: `take` makes a shallow copy of
   * each open object and array, and shares the complete parts with the values taken before and after. So a caller must
   * not change them. One call costs as much as the open containers are wide (see `copyCost`), so calling `take` after
   * each element of a long array is quadratic.
   */
  take(): unknown {
    this.hasGrown = false;
    if (this.isComplete) return this.root;
    let open: unknown = this.inString ? this.text : undefined;
    for (let level = this.frames.length - 1; level >= 0; level--) {
      const { container, key } = this.frames[level]!;
      if (Array.isArray(container)) open = open === undefined ? [...container] : [...container, open];
      else open = open === undefined ? { ...container } : { ...container, [key]: open };
    }
    return open;
  }

  private createReceiver(): JsonReceiver {
    return {
      openObject: () => this.open({}),
      openArray: () => this.open([]),
      close: () => this.put(this.frames.pop()!.container),
      beginString: () => {
        this.inString = true;
        this.hasGrown = true;
      },
      addText: (text) => this.addText(text),
      endString: () => {
        this.hasGrown ||= this.highSurrogate !== "";
        this.inString = false;
        this.put(this.takeText());
      },
      endKey: () => this.setKey(this.takeText()),
      addLiteral: (value) => {
        this.hasGrown = true;
        this.put(value);
      },
    };
  }

  private open(container: Frame["container"]): JsonFaultKind | undefined {
    if (this.frames.length >= this.maxDepth) return "depth";
    this.frames.push({ container, key: "", size: 0 });
    this.hasGrown = true;
    return undefined;
  }

  /** Stores a complete value in the container around it. */
  private put(value: unknown): void {
    const frame = this.frames.at(-1);
    if (!frame) {
      this.root = value;
      return;
    }
    frame.size++;
    if (Array.isArray(frame.container)) frame.container.push(value);
    else frame.container[frame.key] = value;
  }

  private setKey(key: string): JsonFaultKind | undefined {
    this.frames.at(-1)!.key = key;
    const leadsToPrototype =
      key === "__proto__" || (key === "prototype" && this.frames.at(-2)?.key === "constructor");
    return leadsToPrototype ? "forbidden key" : undefined;
  }

  /** Holds back half a surrogate pair: shown alone, it would look like a question mark. */
  private addText(piece: string): void {
    const text = this.highSurrogate + piece;
    this.highSurrogate = endsWithHighSurrogate(text) ? text.slice(-1) : "";
    const stable = this.highSurrogate === "" ? text : text.slice(0, -1);
    this.text += stable;
    if (stable !== "") this.hasGrown ||= this.inString;
  }

  private takeText(): string {
    const text = this.text + this.highSurrogate;
    this.text = "";
    this.highSurrogate = "";
    return text;
  }
}
