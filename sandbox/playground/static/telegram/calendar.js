// Read a calendar file (RFC 5545): title, place and times, as far as a card shows them.

/** Give `{method, events: [{summary, place, status, start, end, allDay}]}`; times are `Date`s. */
export function readCalendar(text) {
  const events = [];
  let event = null;
  let depth = 0;
  let method = "";
  for (const line of text.replace(/\r?\n[ \t]/g, "").split(/\r?\n/)) {
    const found = /^([A-Za-z-]+)((?:;[A-Za-z-]+=(?:"[^"]*"|[^":;]*))*):(.*)$/.exec(line);
    if (!found) continue;
    const [name, given, value] = [found[1].toUpperCase(), options(found[2]), found[3]];
    if (name === "BEGIN") {
      if (event) depth += 1;
      else if (value === "VEVENT") event = { summary: "", place: "", status: "", start: null, end: null, allDay: false };
    } else if (name === "END") {
      if (depth) depth -= 1;
      else if (event) {
        if (event.start) events.push(event);
        event = null;
      }
    } else if (!event) {
      if (name === "METHOD") method = value.toUpperCase();
    } else if (!depth) take(event, name, given, value);
  }
  return { method, events };
}

function take(event, name, given, value) {
  if (name === "SUMMARY") event.summary = words(value);
  if (name === "LOCATION") event.place = words(value);
  if (name === "STATUS") event.status = value.toUpperCase();
  if (name === "DTEND") event.end = moment(value, given.TZID);
  if (name === "DTSTART") {
    event.start = moment(value, given.TZID);
    event.allDay = given.VALUE === "DATE" || /^\d{8}$/.test(value);
  }
}

function options(text) {
  const found = {};
  for (const [, name, value] of text.matchAll(/;([A-Za-z-]+)=("[^"]*"|[^":;]*)/g)) {
    found[name.toUpperCase()] = value.replaceAll('"', "");
  }
  return found;
}

const words = (value) => value.replace(/\\([nN,;\\])/g, (_, letter) => (/n/i.test(letter) ? "\n" : letter));

/** Read a moment: in UTC, on the wall of a zone, or a whole day. */
function moment(value, zone) {
  const found = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(value);
  if (!found) return null;
  const [year, month, day, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map((part) => Number(part || 0));
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  if (found[7] === "Z" || !found[4] || !zone) return new Date(wall);
  try {
    let at = wall - offset(wall, zone);
    at = wall - offset(at, zone); // once more, for the hours around a change of the clock
    return new Date(at);
  } catch {
    return new Date(wall);
  }
}

function offset(at, zone) {
  const form = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  });
  const parts = Object.fromEntries(form.formatToParts(new Date(at)).map((part) => [part.type, Number(part.value)]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - Math.floor(at / 1000) * 1000;
}
