// Times as Discord writes them, including relative ones that keep counting ("3 minutes ago").
import { findAll, h } from "./dom.js";

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const TIME_LONG = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const DATE = new Intl.DateTimeFormat(undefined, {
  day: "2-digit",
  month: "2-digit",
  year: "numeric",
});
const DATE_LONG = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "long",
  year: "numeric",
});
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const STEPS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/**
 * "Today at 14:03"
 * @param {Date} date
 */
export function dayAndTime(date) {
  const today = new Date();
  const yesterday = new Date(today.getTime() - 86_400_000);
  if (sameDay(date, today)) return `Today at ${TIME.format(date)}`;
  if (sameDay(date, yesterday)) return `Yesterday at ${TIME.format(date)}`;
  return `${DATE.format(date)} ${TIME.format(date)}`;
}

/** @param {Date} date */
export const timeText = (date) => TIME.format(date);
/** @param {Date} date */
export const fullDateText = (date) => FULL.format(date);
/** @param {Date} date */
export const dateText = (date) => DATE_LONG.format(date);
/**
 * @param {Date} left
 * @param {Date} right
 */
export const sameDay = (left, right) => left.toDateString() === right.toDateString();

/** @param {Date} date */
function relative(date) {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return RELATIVE.format(Math.trunc(seconds / length), unit);
  }
  return RELATIVE.format(seconds, "second");
}

/** @type {Record<string, (date: Date) => string>} */
const STYLES = {
  t: (date) => TIME.format(date),
  T: (date) => TIME_LONG.format(date),
  d: (date) => DATE.format(date),
  D: (date) => DATE_LONG.format(date),
  f: (date) => `${DATE_LONG.format(date)} ${TIME.format(date)}`,
  F: (date) => FULL.format(date),
  R: relative,
};

/**
 * `<t:unix:style>` as an element.
 * @param {number} unix in seconds
 * @param {string} [style]
 * @returns {HTMLElement | string}
 */
export function timestampNode(unix, style) {
  const date = new Date(unix * 1000);
  if (Number.isNaN(date.getTime())) return `<t:${unix}>`;
  const format = STYLES[style ?? "f"] ?? FULL.format;
  return h(
    "time",
    {
      class: "moment",
      datetime: date.toISOString(),
      title: FULL.format(date),
      dataset: style === "R" ? { unix } : {},
    },
    format(date),
  );
}

/** Keep the relative times on the page up to date. */
export function startTime() {
  setInterval(() => {
    for (const element of findAll(document, "time[data-unix]", HTMLElement))
      element.textContent = relative(new Date(Number(element.dataset.unix) * 1000));
  }, 1000);
}
