/**
 * Why a text is not acceptable JSON: `syntax` for a character that cannot stand at its place, `incomplete` for a text
 * that ends before its value does, `depth` and `forbidden key` for JSON that this package refuses to build.
 */
export type JsonFaultKind = "syntax" | "incomplete" | "depth" | "forbidden key";

/** The first fault of a text. */
export interface JsonFault {
  kind: JsonFaultKind;
  /**
   * UTF-16 units from the beginning of the text: the wrong character, the beginning of a wrong number, word or key, or
   * the end of an incomplete text.
   */
  position: number;
}

/** Receives the parts of a JSON text in their order. A part that it refuses becomes the scanner's fault. */
export interface JsonReceiver {
  openObject(): JsonFaultKind | undefined;
  openArray(): JsonFaultKind | undefined;
  /** Ends the object or array that was opened last. */
  close(): void;
  /** Begins a string that is a value, not a key. */
  beginString(): void;
  /** Adds to the current string or key, with escapes decoded. A surrogate pair may come in two parts. */
  addText(text: string): void;
  endString(): void;
  endKey(): JsonFaultKind | undefined;
  /** Adds a complete number, true, false or null. */
  addLiteral(value: unknown): void;
}

/** What may come next outside of tokens. `next` is a comma or a closing bracket. */
type Expected = "value" | "first element" | "key" | "first key" | "colon" | "next" | "end";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const ESCAPES: Readonly<Record<string, string>> = {
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
 * Checks a JSON text that comes in pieces against the grammar of RFC 8259, and hands its parts to a receiver. Where
 * the text is cut makes no difference. It looks at each character once and reads nothing after the first fault.
 */
export class JsonScanner {
  /** The first fault; undefined as long as the text can still become JSON. */
  fault: JsonFault | undefined;
  private expected: Expected = "value";
  /** Whether each open bracket belongs to an array, the innermost last. */
  private readonly brackets: boolean[] = [];
  /** The token under way. A word is a number, true, false or null. */
  private token: "string" | "key" | "word" | undefined;
  /** Position of the first character of the latest token. */
  private tokenStart = 0;
  private word = "";
  /** The escape sequence under way, without its backslash. */
  private escape: string | undefined;
  /** Length of the pieces before the current one, in UTF-16 units. */
  private offset = 0;

  /** @param receiver left out if only the fault matters */
  constructor(private readonly receiver?: JsonReceiver) {}

  /** Whether the value has ended: only white space may follow. */
  get isComplete(): boolean {
    return this.expected === "end";
  }

  /** Reads the next piece of the text. */
  add(text: string): void {
    let at = 0;
    while (at < text.length && this.fault === undefined) {
      if (this.token === undefined) at = this.addStructure(text, at);
      else if (this.token === "word") at = this.addWord(text, at);
      else if (this.escape === undefined) at = this.addString(text, at);
      else this.addEscape(text, at++);
    }
    this.offset += text.length;
  }

  /** Ends the text: completes a number that stands alone, and finds out whether anything is missing. */
  end(): void {
    if (this.fault === undefined && this.token === "word") this.endWord();
    if (!this.isComplete) this.fail("incomplete", this.offset);
  }

  /** Notes the first fault. Does nothing without a kind, or if a fault is noted already. */
  private fail(kind: JsonFaultKind | undefined, position: number): void {
    if (kind !== undefined) this.fault ??= { kind, position };
  }

  /** Reads one character outside of tokens. @returns the index to continue at, as the methods below do */
  private addStructure(text: string, at: number): number {
    const char = text.charAt(at);
    if (char === " " || char === "\n" || char === "\r" || char === "\t") return at + 1;
    this.tokenStart = this.offset + at;
    switch (this.expected) {
      case "first element":
        if (char === "]") this.close();
        else return this.beginValue(char, at);
        break;
      case "value":
        return this.beginValue(char, at);
      case "first key":
        if (char === "}") this.close();
        else this.beginKey(char);
        break;
      case "key":
        this.beginKey(char);
        break;
      case "colon":
        if (char === ":") this.expected = "value";
        else this.fail("syntax", this.tokenStart);
        break;
      case "next":
        this.addSeparator(char);
        break;
      case "end":
        this.fail("syntax", this.tokenStart);
    }
    return at + 1;
  }

  private beginValue(char: string, at: number): number {
    if (char === '"') {
      this.token = "string";
      this.receiver?.beginString();
    } else if (char === "{" || char === "[") this.open(char === "[");
    else if (isWordCharacter(char.charCodeAt(0))) {
      this.token = "word";
      return at;
    } else this.fail("syntax", this.tokenStart);
    return at + 1;
  }

  private beginKey(char: string): void {
    if (char === '"') this.token = "key";
    else this.fail("syntax", this.tokenStart);
  }

  private addSeparator(char: string): void {
    const isArray = this.brackets.at(-1);
    if (char === ",") this.expected = isArray ? "value" : "key";
    else if (char === (isArray ? "]" : "}")) this.close();
    else this.fail("syntax", this.tokenStart);
  }

  private open(isArray: boolean): void {
    this.brackets.push(isArray);
    this.expected = isArray ? "first element" : "first key";
    this.fail(isArray ? this.receiver?.openArray() : this.receiver?.openObject(), this.tokenStart);
  }

  private close(): void {
    this.brackets.pop();
    this.receiver?.close();
    this.endValue();
  }

  private endValue(): void {
    this.expected = this.brackets.length === 0 ? "end" : "next";
  }

  private addString(text: string, at: number): number {
    let end = at;
    let code = QUOTE;
    for (; end < text.length; end++) {
      code = text.charCodeAt(end);
      if (code === QUOTE || code === BACKSLASH || code < 0x20) break;
    }
    if (end > at) this.receiver?.addText(text.slice(at, end));
    if (end === text.length) return end;
    if (code === QUOTE) this.endString();
    else if (code === BACKSLASH) this.escape = "";
    else this.fail("syntax", this.offset + end);
    return end + 1;
  }

  private endString(): void {
    const isKey = this.token === "key";
    this.token = undefined;
    if (isKey) {
      this.expected = "colon";
      this.fail(this.receiver?.endKey(), this.tokenStart);
    } else {
      this.receiver?.endString();
      this.endValue();
    }
  }

  private addEscape(text: string, at: number): void {
    const char = text.charAt(at);
    const sequence = `${this.escape}${char}`;
    const isUnicode = sequence.startsWith("u");
    const isValid = isUnicode ? sequence === "u" || /[0-9a-f]/i.test(char) : ESCAPES[sequence] !== undefined;
    if (!isValid) this.fail("syntax", this.offset + at);
    else if (isUnicode && sequence.length < 5) this.escape = sequence;
    else {
      this.escape = undefined;
      const code = Number.parseInt(sequence.slice(1), 16);
      this.receiver?.addText(isUnicode ? String.fromCharCode(code) : ESCAPES[sequence]!);
    }
  }

  private addWord(text: string, at: number): number {
    let end = at;
    while (end < text.length && isWordCharacter(text.charCodeAt(end))) end++;
    this.word += text.slice(at, end);
    if (end < text.length) this.endWord();
    return end;
  }

  private endWord(): void {
    const { word } = this;
    if (!WORDS.has(word) && !NUMBER.test(word)) {
      this.fail("syntax", this.tokenStart);
      return;
    }
    this.word = "";
    this.token = undefined;
    this.receiver?.addLiteral(WORDS.has(word) ? WORDS.get(word) : Number(word));
    this.endValue();
  }
}

/** Whether a character can be part of a number, true, false or null: letters, digits, dot and signs. */
function isWordCharacter(code: number): boolean {
  const letter = code | 0x20;
  return (
    (letter >= 0x61 && letter <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x2e
  );
}

/**
 * Finds the place where a text stops being JSON, so that the fault can be reported without quoting the text, as
 * JavaScript's own messages do.
 * @returns UTF-16 units from 0, the text's length if it breaks off; undefined if the text is JSON
 */
export function findJsonFaultPosition(text: string): number | undefined {
  const scanner = new JsonScanner();
  scanner.add(text);
  scanner.end();
  return scanner.fault?.position;
}
