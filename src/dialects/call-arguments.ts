import { GrowingText } from "../core/growing-text.js";
import { isObject, tryParseJson } from "../core/json/parse.js";
import { JsonScanner } from "../core/json/scanner.js";

/** How much of the arguments of a call is parsed to find their end, all checks together. More would take too long. */
const MAX_PARSED_CHARS = 8 * 1024 * 1024;

/** Longer pieces that can be read in two ways are not held back, but read as fragments. */
const MAX_UNDECIDED_CHARS = 64 * 1024;

/** Arguments that say nothing. Some services send them with the name of the call, and the real ones later. */
const PLACEHOLDER = /^\s*(?:\{\s*\}|\[\s*\]|"(?:\{\s*\})?"|null|none|undefined)\s*$/i;

/** No placeholder is longer than this. */
const MAX_PLACEHOLDER_CHARS = 16;

/**
 * - `empty`: nothing came.
 * - `placeholder`: only a placeholder came, which is held back.
 * - `first`: one piece came, so nobody knows whether the service sends fragments or snapshots.
 * - `undecided`: the later pieces can be read as both. They are held back.
 * - `fragments`: each piece continues the one before.
 * - `snapshots`: each piece has everything that came before.
 * - `repetition`: the arguments are complete, and another object has begun. It is held back.
 */
type Phase = "empty" | "placeholder" | "first" | "undecided" | "fragments" | "snapshots" | "repetition";

/** The later pieces of arguments that can be read in two ways. */
interface Undecided {
  /** The pieces as fragments. */
  fragments: string;
  /** Reads all arguments as fragments; it shows when that is impossible. */
  scanner: JsonScanner;
  /** The latest piece, as a snapshot. */
  snapshot: string;
}

/**
 * Reads the arguments of one tool call. Most services send them in fragments. Some send a placeholder first, some send all
 * that came before with each piece, and some send everything once more at the end. What comes out is each character once,
 * in its order. A piece is held back only as long as it can be read in two ways; `flush` ends that.
 */
export class CallArguments {
  private phase: Phase = "empty";
  /** The arguments so far. */
  private readonly known = new GrowingText();
  /** The latest part of the arguments that is not only white space. */
  private lastPart = "";
  /** How many characters were parsed to find the end. */
  private parsedChars = 0;
  /** A placeholder, or the beginning of what may repeat the arguments. */
  private held = "";
  /** Reads what may repeat the arguments. */
  private repetition: JsonScanner | undefined;
  private undecided: Undecided | undefined;

  /** Whether only a placeholder came. */
  get isPlaceholder(): boolean {
    return this.phase === "placeholder";
  }

  /** How many characters the arguments have so far. */
  get length(): number {
    return this.known.length;
  }

  /** Whether the arguments so far are a complete JSON object; false if that would take too long to find out. */
  get isComplete(): boolean {
    if (this.isPlaceholder) return true;
    if (!this.lastPart.trimEnd().endsWith("}") || this.parsedChars > MAX_PARSED_CHARS) return false;
    this.parsedChars += this.length;
    return isCompleteObject(this.text);
  }

  private get text(): string {
    return this.known.toString();
  }

  /** Whether a piece has all of the arguments again. */
  isRepeatedBy(piece: string): boolean {
    return this.isPlaceholder ? PLACEHOLDER.test(piece) : isSameObject(this.text, piece);
  }

  /** Adds a piece. @returns what it adds to the arguments; "" if it repeats them or is held back */
  add(piece: string): string {
    if (piece === "") return "";
    switch (this.phase) {
      case "empty":
        return this.addFirst(piece);
      case "placeholder":
        return this.replacePlaceholder(piece);
      case "first":
        return this.addSecond(piece);
      case "undecided":
        return this.decide(piece, this.undecided!);
      case "fragments":
        return this.addFragment(piece);
      case "snapshots":
        return this.addSnapshot(piece);
      case "repetition":
        return this.compare(piece, this.repetition!);
    }
  }

  /** Ends the arguments. @returns what was held back and belongs to them; a placeholder does not */
  flush(): string {
    const { phase, held, undecided } = this;
    if (phase === "undecided") return this.passOn(chooseReading(this.text, undecided!));
    if (phase !== "repetition") return "";
    return this.passOn(this.text.startsWith(held.trimStart()) ? "" : held);
  }

  private addFirst(piece: string): string {
    if (piece.length <= MAX_PLACEHOLDER_CHARS && PLACEHOLDER.test(piece)) {
      this.phase = "placeholder";
      this.held = piece;
      return "";
    }
    this.phase = "first";
    return this.append(piece);
  }

  private replacePlaceholder(piece: string): string {
    const { held } = this;
    if (piece.length <= MAX_PLACEHOLDER_CHARS && PLACEHOLDER.test(piece)) return "";
    this.held = "";
    this.phase = "empty";
    if (beginsObject(piece)) return this.addFirst(piece);
    return this.passOn(held + piece);
  }

  private addSecond(piece: string): string {
    this.phase = "fragments";
    if (!piece.startsWith(this.text) || !isObjectStart(piece)) return this.addFragment(piece);
    const scanner = new JsonScanner();
    scanner.add(this.text);
    this.phase = "undecided";
    return this.decide(piece, { fragments: "", scanner, snapshot: this.text });
  }

  /** Reads a piece both as a fragment and as a snapshot, and decides if only one of the two is possible. */
  private decide(piece: string, undecided: Undecided): string {
    const { fragments, scanner, snapshot } = undecided;
    const isLong = fragments.length + piece.length > MAX_UNDECIDED_CHARS;
    if (isLong || !piece.startsWith(snapshot) || !isObjectStart(piece)) {
      return this.passOn(fragments) + this.addFragment(piece);
    }
    scanner.add(piece);
    if (scanner.fault === undefined && scanner.isComplete) return this.passOn(fragments + piece);
    // A piece that only repeats the beginning of an object proves nothing yet.
    const hasGrown = piece.length > this.length || isCompleteObject(piece);
    if (scanner.fault === undefined || !hasGrown) {
      this.undecided = { fragments: fragments + piece, scanner, snapshot: piece };
      return "";
    }
    this.undecided = undefined;
    this.phase = "snapshots";
    return this.append(piece.slice(this.length));
  }

  private addFragment(piece: string): string {
    // No JSON continues a complete object with another one.
    if (!beginsObject(piece) || !this.isComplete) return this.append(piece);
    return this.compare(piece, new JsonScanner());
  }

  private addSnapshot(piece: string): string {
    const { text } = this;
    if (piece.startsWith(text)) return this.append(piece.slice(text.length));
    return text.startsWith(piece) ? "" : this.addFragment(piece);
  }

  /** Compares the complete arguments with an object that comes after them. Anything but a repetition is added. */
  private compare(piece: string, scanner: JsonScanner): string {
    this.held += piece;
    scanner.add(piece);
    const { held } = this;
    // An equal object may have other white space, but not much more of it.
    if (scanner.fault !== undefined || held.length > 2 * this.length + MAX_PLACEHOLDER_CHARS) {
      return this.passOn(held);
    }
    if (scanner.isComplete) {
      return this.passOn(PLACEHOLDER.test(held) || isSameObject(this.text, held) ? "" : held);
    }
    this.phase = "repetition";
    this.repetition = scanner;
    return "";
  }

  /** Adds what was held back. From here on, the pieces are fragments. */
  private passOn(text: string): string {
    this.phase = "fragments";
    this.held = "";
    this.repetition = undefined;
    this.undecided = undefined;
    return this.append(text);
  }

  private append(text: string): string {
    this.known.append(text);
    if (text.trim() !== "") this.lastPart = text;
    return text;
  }
}

/** Chooses what the held pieces add to the text. As fragments they do not complete it, but as a snapshot they may. */
function chooseReading(text: string, { fragments, snapshot }: Undecided): string {
  return isCompleteObject(snapshot) ? snapshot.slice(text.length) : fragments;
}

/** Whether a text begins with an object, after white space. */
function beginsObject(text: string): boolean {
  const code = text.charCodeAt(0);
  return code === 0x7b || (code <= 0x20 && text.trimStart().startsWith("{"));
}

/** Whether a text can be the beginning of a JSON object. */
function isObjectStart(text: string): boolean {
  const scanner = new JsonScanner();
  if (beginsObject(text)) scanner.add(text);
  else return false;
  return scanner.fault === undefined;
}

/** Whether a text is a complete JSON object. Most arguments are still growing, and the last character shows it. */
function isCompleteObject(text: string): boolean {
  return text.trimEnd().endsWith("}") && isObject(tryParseJson(text));
}

/** Whether two texts are the same JSON object, whatever the white space. */
function isSameObject(one: string, other: string): boolean {
  if (one === other) return isCompleteObject(one);
  if (!one.trimEnd().endsWith("}") || !other.trimEnd().endsWith("}")) return false;
  const [first, second] = [tryParseJson(one), tryParseJson(other)];
  return isObject(first) && isObject(second) && JSON.stringify(first) === JSON.stringify(second);
}
