/// <reference path="editor/red.d.ts" />

/** The words and numbers of the tab Streams, in the language of the editor. */
namespace StreamWords {
  const SET = "@deltaflow/node-red-chat-stream/streams:streams";
  /** Where an amount has no two digits before the cent. */
  const SMALL_USD = 0.095;

  export function translate(key: string, values?: Record<string, string | number>): string {
    return RED._(`${SET}.${key}`, values);
  }

  /** Counts, long ones in short: 1.2K. */
  export function formatCount(count: number): string {
    return formatNumber(count, count < 10_000 ? {} : { notation: "compact", maximumFractionDigits: 1 });
  }

  /** US dollars. A small amount keeps two digits that say something: never $0.00 for what is not free. */
  export function formatUsd(usd: number): string {
    const digits =
      usd > 0 && usd < SMALL_USD ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 };
    return formatNumber(usd, {
      style: "currency",
      currency: "USD",
      currencyDisplay: "narrowSymbol",
      ...digits,
    });
  }

  export function formatRate(perSecond: number): string {
    const digits = perSecond < 10 ? 1 : 0;
    return translate("figure.rate", { rate: formatNumber(perSecond, { maximumFractionDigits: digits }) });
  }

  /** A time from 0.42 s to 2:05 min. */
  export function formatDuration(milliseconds: number): string {
    const seconds = milliseconds / 1000;
    if (seconds < 60) {
      const digits = seconds < 10 ? 2 : 1;
      const number = formatNumber(seconds, { minimumFractionDigits: digits, maximumFractionDigits: digits });
      return translate("time.seconds", { time: number });
    }
    const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)];
    if (minutes < 60) return translate("time.minutes", { time: `${minutes}:${pad(rest)}` });
    return translate("time.hours", { time: `${Math.floor(minutes / 60)}:${pad(minutes % 60)}` });
  }

  /** The time of a day. @param date milliseconds since 1970 */
  export function formatClock(date: number): string {
    return new Date(date).toLocaleTimeString(RED.i18n.lang());
  }

  function formatNumber(value: number, options: Intl.NumberFormatOptions): string {
    return new Intl.NumberFormat(RED.i18n.lang(), options).format(value);
  }

  function pad(number: number): string {
    return String(number).padStart(2, "0");
  }
}
