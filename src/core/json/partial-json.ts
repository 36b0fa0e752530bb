import { DEFAULT_LIMITS } from "../limits.js";

/** What may come next, outside of strings and words. */
type Expected = "value" | "first element" | "name" | "first name" | "colon" | "next" | "end";

/** An object or array that has begun and not ended. */
interface Frame {
  container: unknown[] | Record<string, unknown>;
  /** Of the member that is under way, in an object. */
  name: string;
  /** Members or elements that are whole. */
  size: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const ESCAPED: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

const WORDS: ReadonlyMap<string, unknown> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Reads a JSON text that comes in pieces, and knows at any time what value it stands for so far: strings, arrays and
 * objects that are open count as they are, numbers and words only when they are whole, a name when its value begins.
 * Where the pieces are cut makes no difference. At the end it is what JSON.parse gives, and what JSON.parse refuses
 * is refused; so is what nests too deeply or has a key that leads to a prototype. Each character is looked at once.
 */
export class PartialJson {
  /** Whether the value has grown since it was last taken. */
  grown = false;
  /** Whether this is no JSON, from where on nothing is read. */
  failed = false;
  /** Whether the value has ended. */
  whole = false;
  private root: unknown;
  private readonly frames: Frame[] = [];
  private expected: Expected = "value";
  /** What is under way: a string that is a value, one that is a name, or a number or word. */
  private reading: "string" | "name" | "word" | undefined;
  private read = "";
  /** What has come of an escape behind its backslash. */
  private escape: string | undefined;
  /** The first half of a character whose second is still to come. */
  private half = "";

  constructor(private readonly depth = DEFAULT_LIMITS.depth) {}

  add(text: string): void {
    let at = 0;
    while (at < text.length && !this.failed) {
      if (this.reading === undefined) at = this.addStructure(text, at);
      else if (this.reading === "word") at = this.addWord(text, at);
      else if (this.escape === undefined) at = this.addString(text, at);
      else this.addEscaped(text.charAt(at++));
    }
  }

  /** Nothing more will come: a number that stands alone is whole by that. */
  end(): void {
    if (this.reading === "word") this.endWord();
  }

  /** What `take` would have to copy: members and elements of all that is open. */
  get cost(): number {
    let slots = 0;
    if (!this.whole) for (const { size } of this.frames) slots += size + 1;
    return slots;
  }

  /**
   * The value so far, or undefined before it has begun. It is the caller's and never changes: what is open is copied,
   * one level of each, and what has ended is shared with the values taken before and after, and so must be left as it
   * is by whoever gets it. That costs as much as what is open is wide, however long the text is; but an array of a
   * million numbers is wide, so who takes a value for each of them has copied it half a million times.
   */
  take(): unknown {
    this.grown = false;
    if (this.whole) return this.root;
    let open: unknown = this.reading === "string" ? this.read : undefined;
    for (let level = this.frames.length - 1; level >= 0; level--) {
      const { container, name } = this.frames[level]!;
      if (Array.isArray(container)) open = open === undefined ? [...container] : [...container, open];
      else open = open === undefined ? { ...container } : { ...container, [name]: open };
    }
    return open;
  }

  /** @returns where to go on */
  private addStructure(text: string, at: number): number {
    const char = text.charAt(at);
    if (char === " " || char === "\n" || char === "\r" || char === "\t") return at + 1;
    switch (this.expected) {
      case "first element":
        if (char === "]") this.close();
        else return this.begin(char, at);
        break;
      case "value":
        return this.begin(char, at);
      case "first name":
        if (char === "}") this.close();
        else this.beginName(char);
        break;
      case "name":
        this.beginName(char);
        break;
      case "colon":
        if (char === ":") this.expected = "value";
        else this.failed = true;
        break;
      case "next":
        this.addNext(char);
        break;
      case "end":
        this.failed = true;
    }
    return at + 1;
  }

  private begin(char: string, at: number): number {
    if (char === '"') {
      this.reading = "string";
      this.grown = true;
    } else if (char === "{") this.open({}, "first name");
    else if (char === "[") this.open([], "first element");
    else if (isOfWord(char.charCodeAt(0))) {
      this.reading = "word";
      return at;
    } else this.failed = true;
    return at + 1;
  }

  private beginName(char: string): void {
    if (char === '"') this.reading = "name";
    else this.failed = true;
  }

  private addNext(char: string): void {
    const isArray = Array.isArray(this.frames.at(-1)?.container);
    if (char === ",") this.expected = isArray ? "value" : "name";
    else if (char === (isArray ? "]" : "}")) this.close();
    else this.failed = true;
  }

  private open(container: Frame["container"], expected: Expected): void {
    if (this.frames.length >= this.depth) {
      this.failed = true;
      return;
    }
    this.frames.push({ container, name: "", size: 0 });
    this.expected = expected;
    this.grown = true;
  }

  private close(): void {
    this.put(this.frames.pop()!.container);
  }

  /** A value is whole. */
  private put(value: unknown): void {
    this.read = "";
    this.reading = undefined;
    const frame = this.frames.at(-1);
    if (!frame) {
      this.root = value;
      this.whole = true;
      this.expected = "end";
      return;
    }
    frame.size++;
    if (Array.isArray(frame.container)) frame.container.push(value);
    else frame.container[frame.name] = value;
    this.expected = "next";
  }

  private addString(text: string, at: number): number {
    let end = at;
    let code = QUOTE;
    for (; end < text.length; end++) {
      code = text.charCodeAt(end);
      if (code === QUOTE || code === BACKSLASH || code < 0x20) break;
    }
    this.append(text.slice(at, end));
    if (end === text.length) return end;
    if (code === QUOTE) this.endString();
    else if (code === BACKSLASH) this.escape = "";
    else this.failed = true;
    return end + 1;
  }

  private addEscaped(char: string): void {
    if (this.escape === "" && char !== "u") {
      const meant = ESCAPED[char];
      this.escape = undefined;
      if (meant === undefined) this.failed = true;
      else this.append(meant);
      return;
    }
    if (this.escape !== "" && !/[0-9a-f]/i.test(char)) this.failed = true;
    this.escape += char;
    if (this.escape!.length < 5) return;
    this.append(String.fromCharCode(Number.parseInt(this.escape!.slice(1), 16)));
    this.escape = undefined;
  }

  /** Half a character is no text yet: whoever shows it, shows a question mark. */
  private append(piece: string): void {
    if (piece === "") return;
    const text = this.half + piece;
    const last = text.charCodeAt(text.length - 1);
    const isHalf = last >= 0xd800 && last <= 0xdbff;
    this.half = isHalf ? text.slice(-1) : "";
    const sure = isHalf ? text.slice(0, -1) : text;
    this.read += sure;
    if (sure !== "") this.grown ||= this.reading === "string";
  }

  private endString(): void {
    const text = this.read + this.half;
    if (this.reading === "string") {
      this.grown ||= this.half !== "";
      this.half = "";
      this.put(text);
      return;
    }
    const frame = this.frames.at(-1)!;
    frame.name = text;
    this.failed =
      text === "__proto__" || (text === "prototype" && this.frames.at(-2)?.name === "constructor");
    this.half = "";
    this.read = "";
    this.reading = undefined;
    this.expected = "colon";
  }

  private addWord(text: string, at: number): number {
    let end = at;
    while (end < text.length && isOfWord(text.charCodeAt(end))) end++;
    this.read += text.slice(at, end);
    if (end < text.length) this.endWord();
    return end;
  }

  private endWord(): void {
    const { read } = this;
    this.failed = !WORDS.has(read) && !NUMBER.test(read);
    if (this.failed) return;
    this.grown = true;
    this.put(WORDS.has(read) ? WORDS.get(read) : Number(read));
  }
}

/** Whether a character can be part of a number, true, false or null: letters, digits, dot and signs. */
function isOfWord(code: number): boolean {
  const letter = code | 0x20;
  return (
    (letter >= 0x61 && letter <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x2e
  );
}
