/** Longest word of a vendor that is read. */
const MAX_CHARS = 300;

/** A word in the common form, as most are. */
const COMMON_FORM = /^[a-z\d]+(?:_[a-z\d]+)*$/;

/** Brings a vendor's word, such as a code, into a common form: `eosFound`, `EOS-FOUND` and `eos found` become `eos_found`. */
export function toVendorWord(raw: string): string {
  if (raw.length <= MAX_CHARS && COMMON_FORM.test(raw)) return raw;
  return raw
    .slice(0, MAX_CHARS)
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z\d]/)
    .filter((part) => part !== "")
    .join("_");
}

/** Brings a field's name into a common form: `error_msg`, `errorMsg` and `Error-Msg` become `errormsg`. */
export function toFieldName(name: string): string {
  return name
    .slice(0, MAX_CHARS)
    .replace(/[^A-Za-z\d]/g, "")
    .toLowerCase();
}
