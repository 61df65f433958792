// Files of messages as cards: PDF opens in the page, a calendar file shows its meeting in the reader's zone.
import { html, useEffect, useState } from "../vendor/ui.js";
import { day, isoDay, time } from "../moments.js";
import { readCalendar } from "../telegram/calendar.js";
import { city } from "./dates.js";
import { icon } from "./icons.js";

const read = new Map();

/** Draw a file. */
export function FileCard({ file, zone }) {
  const kind = file.name.includes(".") ? file.name.split(".").pop().toLowerCase() : "";
  if (kind === "ics") return html`<${Calendar} ...${{ file, zone }} />`;
  return html`<${Plain} ...${{ file, kind }} />`;
}

function Plain({ file, kind }) {
  const [open, setOpen] = useState(false);
  return html`<div class="sl-file">
    <div class="sl-file-row">
      <span class="sl-file-face" aria-hidden="true">${icon("file")}</span>
      <span class="sl-file-words"><b><bdi>${file.title}</bdi></b><small class="sl-hint">${(kind || "file").toUpperCase()}, ${sizeOf(file.size)}</small></span>
      ${kind === "pdf" && html`<button type="button" class="sl-k" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? "Close" : "Open here"}<span class="sl-vh"> ${file.name}</span></button>`}
      <${Save} file=${file} />
    </div>
    ${open && html`<iframe class="sl-pdf" src=${file.url} title=${file.title}></iframe>`}
  </div>`;
}

const Save = ({ file }) => html`<a class="sl-k" href=${`${file.url}?download=1`} download=${file.name}>Save<span class="sl-vh"> ${file.name}</span></a>`;

function Calendar({ file, zone }) {
  const [found, setFound] = useState(read.get(file.url));
  useEffect(() => {
    if (read.has(file.url)) return undefined;
    let here = true;
    fetch(file.url)
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error("gone"))))
      .then(readCalendar)
      .catch(() => null)
      .then((calendar) => {
        read.set(file.url, calendar);
        if (here) setFound(calendar);
      });
    return () => {
      here = false;
    };
  }, [file.url]);
  const events = found?.events || [];
  return html`<div class="sl-file">
    ${events.slice(0, 5).map((event, index) => html`<div class="sl-event" key=${index}>
      <span class="sl-day" aria-hidden="true"><small>${month(event, zone)}</small><b>${dayOf(event, zone)}</b></span>
      <span class="sl-file-words"><b dir="auto">${event.summary || "Meeting"}</b>
        <span>${when(event, zone)}</span>
        ${event.place && html`<small class="sl-hint" dir="auto">${event.place}</small>`}
        ${(event.status === "CANCELLED" || found.method === "CANCEL") && html`<small class="sl-wrong">Cancelled</small>`}</span>
    </div>`)}
    ${found === null && html`<p class="sl-hint">This calendar file could not be read.</p>`}
    ${found && !events.length && html`<p class="sl-hint">This calendar file has no meeting in it.</p>`}
    <div class="sl-file-row">
      <span class="sl-file-face" aria-hidden="true">${icon("calendar")}</span>
      <span class="sl-file-words"><bdi>${file.name}</bdi><small class="sl-hint">Calendar file, ${sizeOf(file.size)}</small></span>
      <${Save} file=${file} />
    </div>
  </div>`;
}

const zoneOf = (event, zone) => (event.allDay ? "UTC" : zone);
const month = (event, zone) => day(event.start, zoneOf(event, zone)).split(" ").pop();
const dayOf = (event, zone) => Number(isoDay(event.start, zoneOf(event, zone)).slice(8));

function when(event, zone) {
  const at = zoneOf(event, zone);
  const named = (moment) => `${day(moment, at)} ${isoDay(moment, at).slice(0, 4)}`;
  if (event.allDay) return named(event.start);
  const end = event.end ? `–${isoDay(event.end, at) === isoDay(event.start, at) ? "" : `${named(event.end)}, `}${time(event.end, at)}` : "";
  return `${named(event.start)}, ${time(event.start, at)}${end} (${city(zone)})`;
}

function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
