import { OpeningFence } from "./code-fence.js";
import { PartialJson } from "./partial-json.js";

/**
 * How many members and elements may be copied for each character of the text, so that the cost of all values is
 * linear in the text. Usual answers are narrow and are copied at each growth; a wide value is copied less often.
 */
const COPIES_PER_CHARACTER = 32;

/**
 * The JSON value of a stream's text so far, for readers that show it while it grows. A code block around it is
 * removed.
 */
export class PartialValue {
  private readonly fence = new OpeningFence();
  private readonly json = new PartialJson();
  /** How many members and elements may still be copied. */
  private credit = 0;

  /**
   * Adds a piece.
   * @returns the value so far, which never changes afterwards; undefined if there is nothing new to show
   */
  add(text: string): unknown {
    const { json } = this;
    json.add(this.fence.strip(text));
    this.credit += text.length * COPIES_PER_CHARACTER;
    return json.copyCost <= this.credit ? this.takeGrowth() : undefined;
  }

  /** Ends the text. @returns the final value if it has not been returned yet */
  end(): unknown {
    this.json.end();
    return this.takeGrowth();
  }

  private takeGrowth(): unknown {
    const { json } = this;
    if (!json.hasGrown) return undefined;
    this.credit -= json.copyCost;
    return json.take();
  }
}
