/** A text that no service sends. It shows where a text of a record goes to. */
const PROBE_MARK = "\u2063probe";

/** Builds copies of a value, each with its own texts and values in the slots. */
export type Blueprint<Value> = (texts: readonly string[], values: readonly unknown[]) => Value;

/** Stand-ins for the texts and values of a record, to find out where a reader puts them. */
export class Probes {
  /** The places of the texts, by their slot. */
  readonly texts: string[] = [];
  /** The places of the values, by their slot. */
  readonly values: string[] = [];
  private readonly textSlots = new Map<unknown, number>();
  private readonly valueSlots = new Map<unknown, number>();
  /** Whether a probe was only a part of a text. */
  private isMixed = false;

  /** Whether a value has a text that looks like a probe. */
  static areIn(value: unknown): boolean {
    return JSON.stringify(value).includes(PROBE_MARK);
  }

  /** Creates a stand-in for the text at a place. */
  createText(place: string): string {
    const probe = `${PROBE_MARK}${this.texts.length}\u2063`;
    this.textSlots.set(probe, this.texts.push(place) - 1);
    return probe;
  }

  /** Creates a stand-in for the list at a place. */
  createList(place: string): unknown[] {
    const probe = [PROBE_MARK];
    this.valueSlots.set(probe, this.values.push(place) - 1);
    return probe;
  }

  /**
   * Creates the blueprint of a value with probes in it.
   * @returns undefined if a probe is only a part of a text
   */
  createBlueprint<Value>(value: Value): Blueprint<Value> | undefined {
    this.isMixed = false;
    const build = this.plan(value) ?? (() => value);
    return this.isMixed ? undefined : (build as Blueprint<Value>);
  }

  /** @returns how to build the value; undefined if it is the same each time and nobody can change it */
  private plan(value: unknown): Blueprint<unknown> | undefined {
    const text = this.textSlots.get(value);
    if (text !== undefined) return (texts) => texts[text];
    const list = this.valueSlots.get(value);
    if (list !== undefined) return (_texts, values) => values[list];
    if (typeof value === "string") this.isMixed ||= value.includes(PROBE_MARK);
    if (typeof value !== "object" || value === null) return undefined;
    return Array.isArray(value) ? this.planList(value) : this.planObject(value as Record<string, unknown>);
  }

  private planList(list: readonly unknown[]): Blueprint<unknown[]> {
    const entries = list.map((entry) => this.plan(entry) ?? (() => entry));
    const [first] = entries;
    // Most lists have one entry.
    if (entries.length === 1) return (texts, values) => [first!(texts, values)];
    return (texts, values) => entries.map((build) => build(texts, values));
  }

  private planObject(object: Readonly<Record<string, unknown>>): Blueprint<Record<string, unknown>> {
    // A new object, because V8 is slow to copy one that has had a field deleted.
    const fixed: Record<string, unknown> = {};
    const members: [key: string, build: Blueprint<unknown>][] = [];
    for (const key of Object.keys(object)) {
      const build = this.plan(object[key]);
      fixed[key] = build ? undefined : object[key];
      if (build) members.push([key, build]);
    }
    if (members.length === 0) return () => ({ ...fixed });
    if (members.length === 1) {
      const [key, build] = members[0]!;
      return (texts, values) => {
        const copy = { ...fixed };
        copy[key] = build(texts, values);
        return copy;
      };
    }
    return (texts, values) => {
      const copy = { ...fixed };
      for (let at = 0; at < members.length; at++) {
        const member = members[at]!;
        copy[member[0]] = member[1](texts, values);
      }
      return copy;
    };
  }
}
