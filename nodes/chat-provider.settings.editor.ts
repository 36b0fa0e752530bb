/// <reference path="editor/validators.editor.ts" />
/// <reference path="chat-provider.services.editor.ts" />

/** The settings in chat-provider's dialog that only the chosen service has. */
namespace ProviderSettings {
  type Service = ProviderServices.Service;
  type Setting = ProviderServices.Setting;
  type Values = Readonly<Record<string, unknown>>;

  /** @returns the key of the setting's texts in the catalogue */
  function buildKey(service: Service, { name, shared }: Setting): string {
    return `chat-provider.setting.${shared ? "shared" : service.id}.${name}`;
  }

  /** @returns what is wrong with the values, in one sentence each */
  export function findMistakes(service: Service, values: Values, _: Translate): string[] {
    const settings = service.settings ?? [];
    return settings.flatMap((setting) => findMistake(service, setting, values[setting.name], _) ?? []);
  }

  function findMistake(service: Service, setting: Setting, value: unknown, _: Translate): string | undefined {
    const text = String(value ?? setting.value ?? "").trim();
    const what = _(buildKey(service, setting));
    if (text === "") return setting.required ? _("chat-provider.error.settingMissing", { what }) : undefined;
    if (Validators.isVariable(text)) return undefined;
    if (setting.kind === "number" && !Number.isFinite(Number(text)))
      return _("chat-provider.error.settingNumber", { what });
    const isUnknown = setting.kind === "choice" && !setting.choices!.includes(text);
    return isUnknown ? _("chat-provider.error.settingChoice", { what }) : undefined;
  }

  /**
   * Builds the fields of the service's settings.
   * @returns a function that reads the values; values that are the service's defaults are left out
   */
  export function showSettings(
    into: JQuery,
    service: Service,
    values: Values,
    _: Translate,
  ): () => Record<string, unknown> {
    into.empty();
    const rows = (service.settings ?? []).map((setting) => ({
      setting,
      read: addRow(into, service, setting, values[setting.name], _),
    }));
    return () => {
      const changed = rows
        .map(({ setting, read }) => ({ setting, value: read() }))
        .filter(({ setting, value }) => value !== (setting.value ?? (setting.kind === "tick" ? false : "")));
      return Object.fromEntries(changed.map(({ setting, value }) => [setting.name, value]));
    };
  }

  /** Adds the row of one setting. @returns a function that reads its value */
  function addRow(
    into: JQuery,
    service: Service,
    setting: Setting,
    stored: unknown,
    _: Translate,
  ): () => unknown {
    const { kind, choices = [] } = setting;
    const key = buildKey(service, setting);
    const id = `chat-provider-setting-${setting.name}`;
    const value = stored ?? setting.value ?? "";
    const label = $("<label>").attr("for", id);
    const hint = _(`${key}Hint`);
    const row = $("<div>").addClass("form-row").appendTo(into);
    const addHint = () => {
      if (hint !== `${key}Hint`) $("<div>").addClass("chat-hint").text(hint).appendTo(row);
    };
    if (kind === "tick") {
      const tick = $('<input type="checkbox">')
        .attr("id", id)
        .prop("checked", String(value) === "true");
      label.append(tick, document.createTextNode(` ${_(key)}`));
      row.addClass("chat-tick").append(label);
      addHint();
      return () => tick.is(":checked");
    }
    const input = kind === "choice" ? $("<select>") : $('<input type="text">');
    if (kind === "choice") {
      // A stored value stays visible if it is not among the choices.
      for (const choice of new Set([...choices, String(value)])) {
        const isKnown = choices.includes(choice);
        const text = isKnown ? _(`${key}Choice.${choice || "default"}`) : choice;
        $("<option>").val(choice).text(text).appendTo(input);
      }
    }
    input.attr("id", id).val(String(value));
    row.append(
      label.append($("<i>").addClass("fa fa-sliders"), document.createTextNode(` ${_(key)}`)),
      input,
    );
    addHint();
    const readText = () => String(input.val() ?? "").trim();
    const check = () => {
      const mistake = findMistake(service, setting, readText(), _);
      input.toggleClass("input-error", mistake !== undefined).attr("title", mistake ?? "");
    };
    input.on("change keyup paste input", () => setTimeout(check));
    check();
    return () => {
      const text = readText();
      return kind === "number" && text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    };
  }
}
