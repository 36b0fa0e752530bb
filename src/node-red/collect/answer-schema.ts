import { type Failure, toFailure } from "../../core/failure.js";
import { findRequestedSchema, isConfiguredSchema, readSchema } from "../messages/response-format.js";
import type { RuntimeNode } from "../red/api.js";
import { WarnOnce } from "../red/log.js";

const UNCHECKED =
  "An answer was not checked against the JSON Schema of its request, because a message brought that schema. Enter the schema in this node, or tick that it uses schemas in messages.";

/** Decides against which JSON Schema a collect node checks its answers. */
export class AnswerSchema {
  /** What is wrong with the schema in the node's settings; undefined if nothing is. */
  readonly failure: Failure | undefined;
  private readonly own: unknown;
  private readonly warnings: WarnOnce;

  /**
   * @param setting the schema in the node's settings
   * @param usesMessages whether a schema that came with a message may be used
   */
  constructor(
    node: RuntimeNode,
    setting: unknown,
    private readonly usesMessages: boolean,
  ) {
    this.warnings = new WarnOnce(node);
    try {
      this.own = readSchema(setting);
    } catch (thrown) {
      this.failure = toFailure(thrown);
    }
  }

  /**
   * Finds the schema for an answer: the node's own, else the one that its request demands, unless a message brought it.
   * @param request `msg.request` of the stream's last message
   * @throws Failure `configuration` if the node's own schema is not valid
   */
  find(request: unknown): unknown {
    if (this.failure) throw this.failure;
    if (this.own !== undefined) return this.own;
    const schema = findRequestedSchema(request);
    if (schema === undefined || this.usesMessages || isConfiguredSchema(schema)) return schema;
    this.warnings.warn(UNCHECKED);
    return undefined;
  }
}
