import { OpeningFence } from "./code-fence.js";
import { PartialJson } from "./partial-json.js";

/**
 * Members and elements that may be copied for each character of the text. A value is taken at each growth as long as
 * it is narrow, as answers are; the wider it gets, the more text has to come in between. So all values together cost
 * no more than a multiple of the text.
 */
const COPIES_PER_CHARACTER = 32;

/** The value that a stream's text stands for so far, to be watched while it grows. A fence around it is taken off. */
export class PartialValue {
  private readonly fence = new OpeningFence();
  private readonly json = new PartialJson();
  /** Members and elements that may be copied. */
  private credit = 0;

  /** @returns the value so far, which is never changed again; undefined where the piece adds nothing to see */
  add(text: string): unknown {
    const { json } = this;
    json.add(this.fence.strip(text));
    this.credit += text.length * COPIES_PER_CHARACTER;
    return json.copyCost <= this.credit ? this.takeGrowth() : undefined;
  }

  /** @returns what has not been seen yet, at the end of the text */
  end(): unknown {
    this.json.end();
    return this.takeGrowth();
  }

  private takeGrowth(): unknown {
    const { json } = this;
    if (!json.grown) return undefined;
    this.credit -= json.copyCost;
    return json.take();
  }
}
