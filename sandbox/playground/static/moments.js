// Moments in words: always in a named zone, always in English, as the page is.

const made = new Map();

function format(options) {
  const key = JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat("en-GB", options));
  return made.get(key);
}

function draw(at, zone, options) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "";
  try {
    return format({ ...options, timeZone: zone }).format(date);
  } catch {
    return format({ ...options, timeZone: "UTC" }).format(date);
  }
}

/** 09:00 */
export const time = (at, zone) => draw(at, zone, { hour: "2-digit", minute: "2-digit" });

/** 09:00:12 */
export const clockTime = (at, zone) => draw(at, zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Wed 22 April 2026 */
export const longDay = (at, zone) =>
  draw(at, zone, { weekday: "short", day: "numeric", month: "long", year: "numeric" }).replace(",", "");

/** Wed 22 Apr */
export const day = (at, zone) => draw(at, zone, { weekday: "short", day: "numeric", month: "short" }).replace(",", "");

/** 2026-04-22 */
export const isoDay = (at, zone) => draw(at, zone, { year: "numeric", month: "2-digit", day: "2-digit" }).split("/").reverse().join("-");

/** "Today, 10:00", "Wed 29 Apr, 10:00" or, in another year, "Wed 29 Apr 2027, 10:00". */
export function moment(at, zone, now) {
  const when = time(at, zone);
  if (isoDay(at, zone) === isoDay(now, zone)) return `Today, ${when}`;
  const year = isoDay(at, zone).slice(0, 4);
  return `${day(at, zone)}${year === isoDay(now, zone).slice(0, 4) ? "" : ` ${year}`}, ${when}`;
}

/** Brussels, of Europe/Brussels */
export const city = (zone) => String(zone || "").split("/").pop().replaceAll("_", " ");

/** The instant (ISO) at which clocks of `zone` show this day and time; a time that does not exist is moved on. */
export function instant(date, clock, zone) {
  const wanted = Date.parse(`${date}T${clock}:00Z`);
  if (Number.isNaN(wanted)) return "";
  let at = wanted;
  for (let turn = 0; turn < 3; turn += 1) {
    const shown = Date.parse(`${isoDay(at, zone)}T${time(at, zone)}:00Z`);
    at += wanted - shown;
  }
  return new Date(at).toISOString();
}
