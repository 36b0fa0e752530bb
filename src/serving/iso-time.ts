const SECONDS_PER_DAY = 86_400;

/** Days of 400 years, after which the calendar repeats itself. */
const DAYS_PER_ERA = 146_097;

/** Days from 1 March of the year 0 to 1 January 1970. Years that begin in March have the leap day at their end. */
const DAYS_BEFORE_1970 = 719_468;

/** Writes a time as ISO 8601 in UTC. Pure, so that a form needs no clock. @param seconds since 1970, whole */
export function formatIsoTime(seconds: number): string {
  const day = Math.floor(seconds / SECONDS_PER_DAY);
  const rest = seconds - day * SECONDS_PER_DAY;
  const time = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(padTwo).join(":");
  return `${formatDate(day)}T${time}.000Z`;
}

/** @param day days since 1970 */
function formatDate(day: number): string {
  const shifted = day + DAYS_BEFORE_1970;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, "0")}-${padTwo(month)}-${padTwo(dayOfMonth)}`;
}

function padTwo(value: number): string {
  return String(value).padStart(2, "0");
}
