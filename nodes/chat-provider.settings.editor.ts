/** The fields of chat-provider's dialog that only the chosen service has. */
(() => {
  const ENVIRONMENT = /^\$(\{[^}]+\}|\([^)]+\))$/;

  /** Where the words of a setting are. */
  const place = (service: ChatService, { name, shared }: ChatSetting) =>
    `chat-provider.setting.${shared ? "shared" : service.id}.${name}`;

  function fault(
    service: ChatService,
    setting: ChatSetting,
    value: unknown,
    _: Translate,
  ): string | undefined {
    const text = String(value ?? setting.value ?? "").trim();
    const what = _(place(service, setting));
    if (text === "") return setting.required ? _("chat-provider.error.settingMissing", { what }) : undefined;
    if (ENVIRONMENT.test(text)) return undefined;
    if (setting.kind === "number" && !Number.isFinite(Number(text)))
      return _("chat-provider.error.settingNumber", { what });
    const strange = setting.kind === "choice" && !setting.choices!.includes(text);
    return strange ? _("chat-provider.error.settingChoice", { what }) : undefined;
  }

  /** One row of the dialog. @returns what stands in it */
  function row(
    into: JQuery,
    service: ChatService,
    setting: ChatSetting,
    given: unknown,
    _: Translate,
  ): () => unknown {
    const { kind, choices = [] } = setting;
    const key = place(service, setting);
    const id = `chat-provider-setting-${setting.name}`;
    const value = given ?? setting.value ?? "";
    const label = $("<label>").attr("for", id);
    const hint = _(`${key}Hint`);
    const rows = $("<div>").addClass("form-row").appendTo(into);
    const explained = () => {
      if (hint !== `${key}Hint`) $("<div>").addClass("chat-hint").text(hint).appendTo(rows);
    };
    if (kind === "tick") {
      const tick = $('<input type="checkbox">')
        .attr("id", id)
        .prop("checked", String(value) === "true");
      label.append(tick, document.createTextNode(` ${_(key)}`));
      rows.addClass("chat-tick").append(label);
      explained();
      return () => tick.is(":checked");
    }
    const input = kind === "choice" ? $("<select>") : $('<input type="text">');
    if (kind === "choice") {
      // Whatever becomes of the choices, what is stored stays visible.
      for (const choice of new Set([...choices, String(value)])) {
        const known = choices.includes(choice);
        const text = known ? _(`${key}Choice.${choice || "default"}`) : choice;
        $("<option>").val(choice).text(text).appendTo(input);
      }
    }
    input.attr("id", id).val(String(value));
    rows.append(label.text(_(key)), input);
    explained();
    const read = () => String(input.val() ?? "").trim();
    const judge = () => {
      const wrong = fault(service, setting, read(), _);
      input.toggleClass("input-error", wrong !== undefined).attr("title", wrong ?? "");
    };
    input.on("change keyup paste", () => setTimeout(judge));
    judge();
    return () => {
      const text = read();
      return kind === "number" && text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    };
  }

  $.extend({
    chatSettings: {
      faults: (service: ChatService, values: Readonly<Record<string, unknown>>, _: Translate) =>
        (service.settings ?? []).flatMap((setting) => fault(service, setting, values[setting.name], _) ?? []),

      show(into: JQuery, service: ChatService, values: Readonly<Record<string, unknown>>, _: Translate) {
        into.empty();
        const rows = (service.settings ?? []).map((setting) => ({
          setting,
          read: row(into, service, setting, values[setting.name], _),
        }));
        return () => {
          // What is as the service has it by itself is not written down.
          const set = rows
            .map(({ setting, read }) => ({ setting, value: read() }))
            .filter(
              ({ setting, value }) => value !== (setting.value ?? (setting.kind === "tick" ? false : "")),
            );
          return Object.fromEntries(set.map(({ setting, value }) => [setting.name, value]));
        };
      },
    },
  });
})();
