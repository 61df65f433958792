// Words, dates and links as the Telegram side shows them. Nothing here touches the page.

const STRONG = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\u200F]|(\p{L}|\u200E)/u;
const ISOLATED = /[\u2066-\u2068][^\u2066-\u2069]*\u2069/g;

/** Give "rtl" or "ltr" by the first strong letter outside isolates, or `otherwise` if there is none. */
export function direction(text, otherwise = "ltr") {
  const found = STRONG.exec(text.replace(ISOLATED, ""));
  return found ? (found[1] ? "ltr" : "rtl") : otherwise;
}

/** Tell whether two values of JSON are the same. */
export function same(one, two) {
  if (one === two) return true;
  if (typeof one !== "object" || typeof two !== "object" || !one || !two) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(two).length && keys.every((key) => same(one[key], two[key]));
}

const forms = new Map();

function form(locale, options) {
  const key = locale + JSON.stringify(options);
  if (!forms.has(key)) {
    let made;
    try {
      made = new Intl.DateTimeFormat(locale, options);
    } catch {
      made = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
    }
    forms.set(key, made);
  }
  return forms.get(key);
}

const draw = (at, zone, options, locale = "en-GB") => form(locale, { ...options, timeZone: zone }).format(new Date(at));

/** Give the hour and minute of a moment in a zone. */
export const clock = (at, zone) => draw(at, zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

const days = new Map();

/** Give the day of a moment in a zone as `2026-04-22`; remembered, as every message asks for it. */
export function dayOf(at, zone) {
  const key = `${at} ${zone}`;
  if (!days.has(key)) {
    if (days.size > 20000) days.clear();
    days.set(key, draw(at, zone, { year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA"));
  }
  return days.get(key);
}

/** Give a moment in full, for tooltips and screen readers. */
export const inFull = (at, zone) =>
  draw(at, zone, {
    weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });

/** Name a day as separators do: Today, Yesterday, Sunday 19 April, with the year if it is another one. */
export function dayName(at, now, zone) {
  const day = dayOf(at, zone);
  if (day === dayOf(now, zone)) return "Today";
  if (day === dayOf(new Date(now).getTime() - 86400000, zone)) return "Yesterday";
  const year = day.slice(0, 4) === dayOf(now, zone).slice(0, 4) ? {} : { year: "numeric" };
  return draw(at, zone, { weekday: "long", day: "numeric", month: "long", ...year });
}

/** Give the time of a chat's last message as lists do: the hour, the weekday within a week, else the date. */
export function shortWhen(at, now, zone) {
  const age = (new Date(now) - new Date(at)) / 86400000;
  if (dayOf(at, zone) === dayOf(now, zone)) return clock(at, zone);
  return draw(at, zone, age >= 0 && age < 6 ? { weekday: "short" } : { day: "numeric", month: "short" });
}

/** Give the city of a zone. */
export const city = (zone) => (zone || "").split("/").pop().replaceAll("_", " ");

const localeOf = (language) => (!language || language === "en" ? "en-GB" : `${language}-u-nu-latn`);

/** Draw a `date_time` entity in a zone and language; "" if the app keeps the text that stands there. */
export function drawnTime(entity, zone, language, now) {
  const letters = entity.date_time_format || "";
  const at = entity.unix_time * 1000;
  const locale = localeOf(language);
  if (letters === "r") return ago(at, now, locale);
  const options = {};
  for (const letter of letters) {
    if (letter === "w") options.weekday = "long";
    if (letter === "d") Object.assign(options, { day: "2-digit", month: "2-digit", year: "2-digit" });
    if (letter === "D") Object.assign(options, { day: "numeric", month: "long", year: "numeric" });
    if (letter === "t" || letter === "T") Object.assign(options, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    if (letter === "T") options.second = "2-digit";
  }
  try {
    return Object.keys(options).length ? draw(at, zone, options, locale) : "";
  } catch {
    return "";
  }
}

function ago(at, now, locale) {
  const seconds = (at - new Date(now)) / 1000;
  const [unit, length] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, size]) => Math.abs(seconds) >= size)
    || ["second", 1];
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.round(seconds / length), unit);
}

/** Give the payload of a start link to this bot ("" for a plain link to it), or null for any other address. */
export function startPayload(url, username) {
  const name = (username || "").toLowerCase();
  const parts = parse(url);
  if (!parts || !name) return null;
  const telegram = ["t.me", "telegram.me", "www.t.me"].includes(parts.hostname);
  if (telegram && /^https?:$/.test(parts.protocol) && parts.pathname.toLowerCase().replaceAll("/", "") === name) {
    return parts.searchParams.get("start") || "";
  }
  if (parts.protocol === "tg:" && (parts.searchParams.get("domain") || "").toLowerCase() === name) {
    return parts.searchParams.get("start") || "";
  }
  return null;
}

/** Give an address of the web as a `URL`, or null for what must not be opened, such as `javascript:`. */
export function webAddress(url) {
  const parts = parse(url);
  return parts && /^https?:$/.test(parts.protocol) ? parts : null;
}

function parse(url) {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

/** Give a size of a file in words. */
export function sizeOf(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1048576 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

/** Give a number from 0 to 6 that stays the same for an id: the colour of a name. */
export function hue(id) {
  let sum = 0;
  for (const letter of String(id)) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return sum % 7;
}

/** Give the first letters of a name. */
export function initials(name) {
  const parts = (name || "?").split(/\s+/).filter(Boolean);
  return [parts[0], parts.length > 1 ? parts.at(-1) : ""].map((part) => [...(part || "")][0] || "").join("").toUpperCase();
}

/** Give the beginning of a text on one line. */
export const oneLine = (text, length = 140) => [...(text || "").slice(0, length * 2).replace(/\s+/g, " ").trim()].slice(0, length).join("");
