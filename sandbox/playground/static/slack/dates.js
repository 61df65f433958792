// Slack's date tokens and the wall times of native pickers, in the reader's zone.
import { day, instant, isoDay, time } from "../moments.js";

const made = new Map();

function draw(moment, zone, language, options) {
  const key = JSON.stringify([zone, language, options]);
  if (!made.has(key)) made.set(key, build(zone, language, options));
  return made.get(key).format(moment);
}

function build(zone, language, options) {
  const locale = language && language !== "en" ? `${language}-u-nu-latn` : "en-GB";
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
  }
}

const FORMS = {
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
};
const DAY = 86_400_000;

/** Fill the pattern of a date token, such as `{date_short_pretty} {time}`. */
export function stamp(seconds, pattern, { zone, language, now }) {
  const moment = new Date(Number(seconds) * 1000);
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => piece(moment, name, zone, language, now) ?? whole);
}

function piece(moment, name, zone, language, now) {
  if (name === "date_num") return isoDay(moment, zone);
  if (name === "date_slash") return isoDay(moment, zone).split("-").reverse().join("/");
  if (name === "ago") return ago(moment, new Date(now), language);
  if (name.endsWith("_pretty")) {
    const days = daysBetween(now, moment, zone);
    if (Math.abs(days) <= 1) return relative(language).format(days, "day");
    return piece(moment, name.slice(0, -7), zone, language, now);
  }
  return FORMS[name] && draw(moment, zone, language, FORMS[name]);
}

const relative = (language) => new Intl.RelativeTimeFormat(language || "en", { numeric: "auto" });

function ago(moment, now, language) {
  const minutes = Math.round((moment - now) / 60_000);
  if (Math.abs(minutes) < 60) return relative(language).format(minutes, "minute");
  if (Math.abs(minutes) < 1440) return relative(language).format(Math.round(minutes / 60), "hour");
  return relative(language).format(Math.round(minutes / 1440), "day");
}

function daysBetween(from, to, zone) {
  return Math.round((Date.parse(isoDay(to, zone)) - Date.parse(isoDay(from, zone))) / DAY);
}

/** Name the day of a message: Today, Yesterday, Monday 20 April (2025 if another year). */
export function dayName(at, zone, now) {
  const days = daysBetween(now, at, zone);
  if (days === 0) return "Today";
  if (days === -1) return "Yesterday";
  const words = draw(new Date(at), zone, "en", { weekday: "long", day: "numeric", month: "long" }).replace(",", "");
  const year = isoDay(at, zone).slice(0, 4);
  return year === isoDay(now, zone).slice(0, 4) ? words : `${words} ${year}`;
}

/** The whole moment, for those who want to know exactly: Mon 20 April 2026, 11:06 (Brussels). */
export const exact = (at, zone) => `${day(at, zone)} ${isoDay(at, zone).slice(0, 4)}, ${time(at, zone)} (${city(zone)})`;

/** Brussels, of Europe/Brussels. */
export const city = (zone) => String(zone || "UTC").split("/").pop().replaceAll("_", " ");

/** The wall time a native picker shows for Unix seconds: 2026-05-20T10:00. */
export function wall(seconds, zone) {
  const moment = new Date(Number(seconds) * 1000);
  return `${isoDay(moment, zone)}T${time(moment, zone)}`;
}

/** The Unix seconds of what a native picker holds; 0 if it is not complete. */
export function unix(local, zone) {
  const [date, clock] = String(local).split("T");
  const found = clock ? instant(date, clock.slice(0, 5), zone) : "";
  return found ? Math.floor(Date.parse(found) / 1000) : 0;
}
