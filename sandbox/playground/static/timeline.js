// The strip of what is planned: each stop says what, when where people live, and for how many.
import { html, useMemo } from "./vendor/ui.js";
import { doing, useStore } from "./store.js";
import { post } from "./api.js";
import { city, day, moment, time } from "./moments.js";
import { homeZone, useNow } from "./clock.js";
import { Badge, counted } from "./parts.js";

const NEAR_MS = 36 * 3600 * 1000;
const STOPS_MAX = 24;

/** Join moments of one kind and meeting that lie close together: the same hour in several zones is one stop. */
export function stops(rows) {
  const made = [];
  for (const row of rows) {
    const before = made.findLast((each) =>
      each.kind === row.kind && each.meeting === row.meeting && each.source === row.source && Date.parse(row.at) - Date.parse(each.first) < NEAR_MS);
    if (before) {
      before.slack += row.slack;
      before.telegram += row.telegram;
      before.moments += 1;
      before.until = row.at;
    } else {
      made.push({ ...row, first: row.at, until: row.at, moments: 1 });
    }
  }
  return made.slice(0, STOPS_MAX);
}

function Many({ stop }) {
  if (!stop.sends) return null;
  const total = stop.slack + stop.telegram;
  if (!total) return html`<span class="many">Nobody yet</span>`;
  return html`<span class="many"><span class="vh">${counted(total, "person", "people")}: </span>
    ${["slack", "telegram"].filter((each) => stop[each]).map((each) => html`<span class="n"><${Badge} platform=${each} /> ${stop[each]}</span>`)}
    ${stop.source === "estimate" && html`<span class="soft">so far</span>`}</span>`;
}

function Stop({ stop, first, home, at }) {
  const late = Date.parse(stop.first) <= at;
  const same = stop.moments > 1 ? `from ${moment(stop.first, home, at)}, by zone` : moment(stop.first, home, at);
  const words = `${stop.words}${stop.meeting ? `, ${stop.meeting}` : ""}`;
  const go = () => doing(() => post("clock", { now: stop.first }));
  const kind = ["ts", first && "nx", !stop.sends && "key", stop.source === "estimate" && "soon"].filter(Boolean).join(" ");
  return html`
    <li class=${kind} title=${stop.title || undefined}>
      <button class="stop" disabled=${late} onClick=${go}>
        <b>${words}</b>
        <span>${late ? "Due now" : same}</span>
        <${Many} stop=${stop} />
        ${stop.source === "held" && html`<em>Held for Undo first</em>`}
        ${!late && html`<span class="vh">; go there</span>`}
      </button>
    </li>`;
}

/** Draw the strip. */
export function Timeline() {
  const { people, planned, state } = useStore();
  const at = useNow();
  const home = homeZone(people);
  const all = useMemo(() => stops(planned.rows), [planned.rows]);
  const nextAt = all.findIndex((each) => each.sends && Date.parse(each.first) > at && (each.slack + each.telegram > 0 || each.source === "timer"));
  return html`
    <section class="line-box" aria-label="What is planned"><ol class=${`line ${planned.known ? "" : "stale"}`}>
      <li class="ts now"><div class="stop"><b>Now</b><span>${day(at, home)}<br />${time(at, home)} ${city(home)}</span></div></li>
      ${all.map((each, n) => html`<${Stop} key=${`${each.kind} ${each.meeting} ${each.first} ${each.source}`} stop=${each} first=${n === nextAt} home=${home} at=${at} />`)}
      ${planned.known && !all.length && html`<li class="ts soon"><div class="stop"><b>Nothing is planned</b><span>An organiser's invitation fills this line.</span></div></li>`}
      ${!planned.known && html`<li class="ts soon"><div class="stop"><b>${state?.bot === "up" || state?.bot === "" ? "The plan is not known here" : "The bot is down"}</b><span>${all.length ? "This is what it knew last." : "What is planned is known when it runs."}</span></div></li>`}
    </ol></section>`;
}
