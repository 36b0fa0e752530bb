/** An editor for JSON Schemas, for every dialog that asks for one. It comes with the editor half of chat-provider. */
(() => {
  const TYPES = ["string", "number", "integer", "boolean", "object", "array", "null"];
  /** Keywords whose value is an object of schemas, a list of schemas, a schema. */
  const NAMED = ["properties", "patternProperties", "$defs", "definitions"];
  const LISTED = ["anyOf", "oneOf", "allOf"];
  const NESTED = ["items", "additionalProperties", "not"];

  const word = (key: string, values?: Record<string, string>) =>
    RED._(`@deltaflow/node-red-chat-stream/chat-provider:chat-provider.schema.${key}`, values);

  type Fields = Record<string, unknown>;

  function problem(given: unknown, anyType = false): string | undefined {
    let schema = given;
    if (typeof given === "string") {
      try {
        schema = JSON.parse(given);
      } catch {
        return word("notJson");
      }
    }
    const fits = isFields(schema) && (anyType || (schema["type"] ?? "object") === "object");
    if (!fits) return word("notObject");
    return problemIn(schema, "");
  }

  /** The mistakes that are easily made. What is left to find is found when the node starts. */
  function problemIn(schema: unknown, path: string): string | undefined {
    const here = (keyword: string) => (path === "" ? keyword : `${path}.${keyword}`);
    const wrong = (key: string, value: unknown, keyword: string) =>
      word(key, { path: here(keyword), value: JSON.stringify(value) ?? "" });
    if (typeof schema === "boolean") return undefined;
    if (!isFields(schema)) return word("notSchema", { path, value: JSON.stringify(schema) ?? "" });
    const { type, properties, required, enum: values } = schema;
    const strange = (Array.isArray(type) ? type : [type]).find((one) => !TYPES.includes(one as string));
    if (type !== undefined && strange !== undefined) return wrong("type", strange, "type");
    if (required !== undefined && !Array.isArray(required)) return wrong("required", required, "required");
    // With these the property may be described elsewhere.
    const whole = isFields(properties) && ![...LISTED, "$ref"].some((keyword) => keyword in schema);
    const missing = whole ? required?.find((name) => !(String(name) in properties)) : undefined;
    if (missing !== undefined) return wrong("missing", missing, "required");
    if (values !== undefined && !(Array.isArray(values) && values.length > 0))
      return wrong("enum", values, "enum");
    for (const keyword of NAMED.filter((one) => one in schema)) {
      const schemas = schema[keyword];
      if (!isFields(schemas)) return wrong("notNamed", schemas, keyword);
      for (const [name, inner] of Object.entries(schemas)) {
        const found = problemIn(inner, `${here(keyword)}.${name}`);
        if (found) return found;
      }
    }
    for (const keyword of [...LISTED, ...NESTED].filter((one) => one in schema)) {
      const inner = schema[keyword];
      if (LISTED.includes(keyword) && !Array.isArray(inner)) return wrong("notList", inner, keyword);
      for (const one of Array.isArray(inner) ? inner : [inner]) {
        const found = problemIn(one, here(keyword));
        if (found) return found;
      }
    }
    return undefined;
  }

  function strictProblem(given: unknown): string | undefined {
    if (problem(given) !== undefined) return undefined;
    return looseIn(typeof given === "string" ? JSON.parse(given) : given, "");
  }

  function looseIn(schema: unknown, path: string): string | undefined {
    if (!isFields(schema)) return undefined;
    const here = (keyword: string) => (path === "" ? keyword : `${path}.${keyword}`);
    const { type, properties, required, additionalProperties: more } = schema;
    if (isFields(properties) || [type].flat().includes("object")) {
      if (more !== false) return word("open", { path: here("additionalProperties") });
      const names = Array.isArray(required) ? required : [];
      const optional = Object.keys(isFields(properties) ? properties : {}).find(
        (one) => !names.includes(one),
      );
      if (optional !== undefined)
        return word("optional", { path: here("required"), value: JSON.stringify(optional) });
    }
    const named = NAMED.flatMap((keyword) =>
      Object.entries(isFields(schema[keyword]) ? schema[keyword] : {}).map(
        ([name, inner]) => [`${keyword}.${name}`, inner] as const,
      ),
    );
    const others = [...LISTED, ...NESTED].flatMap((keyword) =>
      [schema[keyword]].flat().map((inner) => [keyword, inner] as const),
    );
    for (const [place, inner] of [...named, ...others]) {
      const found = looseIn(inner, here(place));
      if (found) return found;
    }
    return undefined;
  }

  function isFields(value: unknown): value is Fields {
    return typeof value === "object" && value !== null && !Array.isArray(value);
  }

  function show(input: JQuery, anyType = false): void {
    const box = $("<div>").addClass("chat-schema").insertAfter(input);
    const place = $("<div>").addClass("node-text-editor").appendTo(box);
    const expand = $('<button type="button">')
      .addClass("red-ui-button red-ui-button-small")
      .attr("title", word("expand"))
      .append($("<i>").addClass("fa fa-expand"))
      .appendTo(box);
    const said = $("<div>").addClass("chat-schema-problem chat-wrong").attr("role", "status").appendTo(box);
    const editor = RED.editor.createEditor({
      element: place[0]!,
      mode: "ace/mode/json",
      value: String(input.val() ?? ""),
    });
    const judge = () => {
      const text = editor.getValue();
      const wrong = text.trim() === "" ? undefined : problem(text, anyType);
      said.text(wrong ?? "");
      place.toggleClass("input-error", wrong !== undefined);
    };
    editor.getSession().on("change", () => {
      const text = editor.getValue();
      input.val(text.trim() === "" ? "" : text).trigger("change");
      judge();
    });
    judge();
    expand.on("click", () => {
      const complete = (text: string) => editor.setValue(text, -1);
      RED.editor.editJSON({ value: editor.getValue(), title: word("title"), complete });
    });
    // jQuery UI says so when the element goes, be it with its dialog or with its row of a list.
    input.on("remove", () => editor.destroy());
  }

  $.extend({ chatSchema: { problem, strictProblem, show } });
})();
