// The clock of everybody: read it, move it, let it run.
import { html, useEffect, useState } from "./vendor/ui.js";
import { doing, known, now, useStore } from "./store.js";
import { post } from "./api.js";
import { city, clockTime, day, instant, isoDay, longDay, moment, time } from "./moments.js";
import { Icon } from "./parts.js";

const RATES = [[60, "1 min a second"], [600, "10 min a second"], [3600, "1 hour a second"]];

/** The community's zone: that of most staff, else of the first person. */
export function homeZone(people) {
  const staff = people.filter((each) => each.group === "Staff");
  const counts = new Map();
  for (const each of staff.length ? staff : people.slice(0, 1)) counts.set(each.zone, (counts.get(each.zone) || 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] || "Europe/Brussels";
}

/** Give the virtual instant, again four times a second while the clock runs. */
export function useNow() {
  const { state } = useStore();
  const [, tick] = useState(0);
  const rate = state?.clock.rate || 0;
  useEffect(() => {
    if (!rate) return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 250);
    return () => clearInterval(timer);
  }, [rate]);
  return now();
}

const move = (body) => doing(() => post("clock", body));

/** Go to the moment at which somebody gets the next message. */
export function toNext() {
  const next = known().planned.next;
  return next ? move({ now: next }) : null;
}

/** Draw the clock box. */
export function Clock() {
  const { people, planned, state, last } = useStore();
  const at = useNow();
  const [setting, setSetting] = useState(null);
  const [rate, setRate] = useState(600);
  const home = homeZone(people);
  const person = people.find((each) => each.id === last);
  const other = person && time(at, person.zone) !== time(at, home) ? person : null;
  const running = (state?.clock.rate || 0) > 0;
  const next = planned.next && Date.parse(planned.next) > at ? planned.next : null;
  const open = () => setSetting(setting ? null : { date: isoDay(at, home), clock: time(at, home), bad: "" });
  const apply = async (event) => {
    event.preventDefault();
    const to = instant(setting.date, setting.clock, home);
    if (!to) setSetting({ ...setting, bad: "Give a date and a time." });
    else if (await move({ now: to })) setSetting(null);
  };
  return html`
    <div class="clockbox" role="group" aria-label="The clock of everybody">
      <button class="face" aria-expanded=${setting ? "true" : "false"} title="Set date and time" onClick=${open}>
        <time datetime=${new Date(at).toISOString()}>
          <b id="clock-time">${running ? clockTime(at, home) : time(at, home)}</b>
          <span class="when"><span id="clock-day">${longDay(at, home)}</span>, ${city(home)}
            ${other && html`<small>${time(at, other.zone)} ${isoDay(at, other.zone) !== isoDay(at, home) ? day(at, other.zone) : ""} in ${city(other.zone)}, <bdi>${other.name.split(" ")[0]}</bdi></small>`}
          </span>
        </time>
      </button>
      <div class="seg">
        <button class="btn" id="plus-hour" aria-label="One hour on" onClick=${() => move({ advance: 3600 })}>+1 h</button>
        <button class="btn wide" id="plus-day" aria-label="One day on" onClick=${() => move({ advance: 86400 })}>+1 day</button>
        <button class="btn pri" id="to-next" disabled=${!next} onClick=${toNext}
          aria-label=${next ? `To the next message, ${moment(next, home, at)}` : "No message is planned"}>
          <${Icon} name="next" /><span class="lbl">${next ? html`<span class="pre">Next message, </span>${moment(next, home, at)}` : "No message planned"}</span></button>
        <button class="btn" id="run-clock" aria-pressed=${running ? "true" : "false"} aria-label=${running ? "Stop the clock" : "Let the clock run"}
          title=${running ? "Stop the clock" : "Let the clock run"} onClick=${() => move({ rate: running ? 0 : rate })}>
          <${Icon} name=${running ? "pause" : "play"} /></button>
        <label class="rate wide"><span class="vh">How fast the clock runs</span>
          <select value=${String(rate)} onChange=${(event) => {
            const chosen = Number(event.target.value);
            setRate(chosen);
            if (running) move({ rate: chosen });
          }}>${RATES.map(([value, words]) => html`<option value=${String(value)}>${words}</option>`)}</select></label>
      </div>
      ${setting && html`
        <form class="pop" onSubmit=${apply} onKeyDown=${(event) => event.key === "Escape" && setSetting(null)}>
          <label>Date <input type="date" value=${setting.date} required onInput=${(event) => setSetting({ ...setting, date: event.target.value })} /></label>
          <label>Time in ${city(home)} <input type="time" value=${setting.clock} required onInput=${(event) => setSetting({ ...setting, clock: event.target.value })} /></label>
          <div class="row only-phone"><button type="button" class="btn" onClick=${() => move({ advance: 86400 })}>One day on</button>
            <button type="button" class="btn" onClick=${() => move({ advance: 7 * 86400 })}>One week on</button></div>
          <p class="hint">Going back is possible, but what was sent stays sent.</p>
          ${setting.bad && html`<p class="bad" role="alert">${setting.bad}</p>`}
          <div class="row"><button type="button" class="btn" onClick=${() => setSetting(null)}>Cancel</button><button class="btn pri">Set the clock</button></div>
        </form>`}
    </div>`;
}
