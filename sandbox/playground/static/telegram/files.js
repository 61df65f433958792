// Documents as cards: a PDF opens in the page, a calendar file shows its meeting, a picture itself.
import { html, useEffect, useState } from "../vendor/ui.js";
import { readCalendar } from "./calendar.js";
import { icons } from "./icons.js";
import { city, clock, dayOf, inFull, sizeOf } from "./words.js";

const PICTURES = new Set(["image/png", "image/jpeg"]);
const parsed = new Map();

/** Draw the file of a message; `does.view(file)` opens a PDF. */
export function File({ file, zone, protect, does }) {
  if (PICTURES.has(file.mime)) {
    return html`<figure class="tg-pic"><img src=${file.url} alt=${file.name} loading="lazy" /></figure>`;
  }
  if (file.mime === "text/calendar" || /\.ics$/i.test(file.name)) return html`<${Calendar} ...${{ file, zone }} />`;
  const pdf = file.mime === "application/pdf";
  return html`<div class="tg-doc">
    <span class="tg-badge"><${icons.file} /></span>
    <div><b><bdi>${file.name}</bdi></b><small>${kindOf(file)}, ${sizeOf(file.size)}</small></div>
    <div class="tg-acts">
      ${pdf ? html`<button type="button" class="tg-act" onClick=${() => does.view(file)}>Open<span class="vh"> ${file.name}</span></button>` : ""}
      ${protect ? "" : html`<${Save} file=${file} />`}
    </div>
  </div>`;
}

/** Draw a link that saves a file. */
export function Save({ file }) {
  return html`<a class="tg-act" href=${file.url} download=${file.name}><${icons.save} />Save<span class="vh"> ${file.name}</span></a>`;
}

function kindOf(file) {
  const ending = /\.([a-z0-9]{1,5})$/i.exec(file.name);
  return ending ? ending[1].toUpperCase() : "File";
}

function Calendar({ file, zone }) {
  const [found, setFound] = useState(parsed.get(file.url));
  useEffect(() => {
    if (parsed.has(file.url)) return undefined;
    let here = true;
    fetch(file.url)
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error("gone"))))
      .then((text) => readCalendar(text), () => null)
      .then((read) => {
        parsed.set(file.url, read);
        if (here) setFound(read);
      });
    return () => {
      here = false;
    };
  }, [file.url]);
  const event = found?.events[0];
  return html`<div class="tg-ics">
    ${event ? html`<${Event} ...${{ event, zone, method: found.method }} />` : ""}
    ${found && !event ? html`<p>This calendar file has no meeting in it.</p>` : ""}
    ${found === null ? html`<p>This calendar file could not be read.</p>` : ""}
    <div class="tg-doc tg-small">
      <span class="tg-badge"><${icons.file} /></span>
      <div><b><bdi>${file.name}</bdi></b><small>Calendar file, ${sizeOf(file.size)}${found?.events.length > 1 ? `, ${found.events.length} entries` : ""}</small></div>
      <div class="tg-acts"><${Save} file=${file} /></div>
    </div>
  </div>`;
}

function Event({ event, zone, method }) {
  const at = event.start;
  const cancelled = event.status === "CANCELLED" || method === "CANCEL";
  const part = (options) => new Intl.DateTimeFormat("en-GB", { ...options, timeZone: event.allDay ? "UTC" : zone }).format(at);
  const end = event.end && dayOf(event.end, zone) !== dayOf(at, zone) ? inFull(event.end, zone) : event.end && clock(event.end, zone);
  const hours = event.allDay ? "All day" : `${clock(at, zone)}${end ? `–${end}` : ""}, ${city(zone)}`;
  return html`<div class="tg-event">
    <span class="tg-leaf" aria-hidden="true"><b>${part({ month: "short" })}</b>${part({ day: "numeric" })}</span>
    <div>
      <b dir="auto" class=${cancelled ? "tg-gone" : ""}>${event.summary || "Without a title"}</b>
      ${cancelled ? html`<p class="tg-off">Cancelled</p>` : ""}
      <p>${part({ weekday: "short", day: "numeric", month: "short", year: "numeric" })}, ${hours}</p>
      ${event.place ? html`<p dir="auto">${event.place}</p>` : ""}
    </div>
  </div>`;
}
