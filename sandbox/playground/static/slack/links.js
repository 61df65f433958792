// Where links lead: into Telegram (played here), to this machine (opened), or outside (named, never opened).
import { html, useState } from "../vendor/ui.js";
import { post } from "../api.js";
import { Dialog } from "./dialog.js";
import { icon } from "./icons.js";

const START = /^https:\/\/(?:t|telegram)\.me\/([\w]{3,40})\?(?:.*&)?start=([\w-]{1,64})(?:&.*)?$/;
const HERE = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/;

/** Say what an address is: `{kind: "start" | "here" | "mail" | "outside", host}`. */
export function judge(url) {
  const start = START.exec(url);
  if (start) return { kind: "start", host: "t.me", bot: start[1], payload: start[2] };
  try {
    const { protocol, hostname, host } = new URL(url);
    if (protocol === "mailto:" || protocol === "tel:") return { kind: "mail", host: "" };
    if (/^https?:$/.test(protocol)) return { kind: HERE.test(hostname) ? "here" : "outside", host };
  } catch {
    // not an address at all: said as outside, without a host
  }
  return { kind: "outside", host: "" };
}

/** Draw a link in a text, with the host it really leads to. */
export function Place({ url, label, ctx }) {
  const { kind, host } = judge(url);
  const real = host && !String(label).includes(host) ? html` <bdi class="sl-host">(${host})</bdi>` : "";
  if (kind === "mail") return html`<bdi class="sl-at">${label}</bdi>`;
  if (kind === "here") {
    return html`<a class="sl-a" href=${url} target="_blank" rel="noreferrer noopener"><bdi>${label}</bdi></a>${real}`;
  }
  if (kind === "start") return html`<${PlayLink} ...${{ url, ctx }}><bdi>${label}</bdi><//>${real}`;
  return html`<span class="sl-out" title=${`${url} (leads outside; not opened here)`}><bdi>${label}</bdi></span>${real}`;
}

/** Offer to play a `t.me` start link: as oneself, or as the person it was handed to. */
export function PlayLink({ url, ctx, children, button }) {
  const name = button === undefined ? "sl-linkish" : `sl-k ${button}`;
  const ask = () => ctx.show(html`<${Chooser} ...${{ url, ctx, close: () => ctx.show(null) }} />`);
  return html`<button type="button" class=${name} onClick=${ask} title="Plays this Telegram link here">
    ${children}${button !== undefined && html`<small class="sl-k-note">play this link</small>`}
  </button>`;
}

function Chooser({ url, ctx, close }) {
  const [who, setWho] = useState(ctx.person.id);
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const chosen = ctx.people.find((each) => each.id === who) || ctx.person;
  const go = async () => {
    setBusy(true);
    try {
      if (!chosen.telegram) await post("person", withTelegram(chosen, ctx.people));
      await post("start", { person: chosen.id, platform: "telegram", payload: judge(url).payload });
      document.dispatchEvent(new CustomEvent("playground:show", { detail: { person: chosen.id, platform: "telegram" } }));
      close();
    } catch (error) {
      setSaid(error.message);
      setBusy(false);
    }
  };
  const actions = html`<button type="button" class="sl-k" onClick=${close}>Not now</button>
    <button type="button" class="sl-k go" aria-busy=${busy} onClick=${() => busy || go()}>Open in Telegram</button>`;
  return html`<${Dialog} title="Play this link" close=${close} actions=${actions} small>
    <p class="sl-url"><bdi>${url}</bdi></p>
    <label class="sl-label" for="sl-play-as">Open it as</label>
    <select id="sl-play-as" class="sl-in" value=${who} onChange=${(event) => setWho(event.target.value)}>
      ${ctx.people.map((each) => html`<option key=${each.id} value=${each.id}>${each.name}${each.id === ctx.person.id ? " (you)" : ""}</option>`)}
    </select>
    ${!chosen.telegram && html`<p class="sl-hint">${chosen.name} gets a Telegram account in this playground first.</p>`}
    ${said && html`<p class="sl-wrong" role="alert">${said}</p>`}
  <//>`;
}

/** Describe a person anew, with an account on Telegram that nobody else has. */
function withTelegram({ id, name, zone, language, slack }, people) {
  const last = people.reduce((most, each) => Math.max(most, each.telegram?.user || 0), 5_900_000);
  const known = slack ? { ...slack.traits, team: slack.team, user: slack.user } : undefined;
  return { id, name, zone, language, slack: known, telegram: { user: last + 1, started: false } };
}

/** Draw a button that carries an address. */
export function LinkButton({ element, ctx, pressed, style }) {
  const { kind, host } = judge(element.url);
  const words = element.text.text;
  if (kind === "start") return html`<${PlayLink} ...${{ url: element.url, ctx, button: style }}><span dir="auto">${words}</span><//>`;
  if (kind === "here") {
    return html`<a class=${`sl-k ${style}`} href=${element.url} target="_blank" rel="noreferrer noopener" onClick=${pressed} dir="auto">
      ${words}${icon("out")}<span class="sl-vh"> (opens a new tab)</span></a>`;
  }
  return html`<span class="sl-k-out">
    <button type="button" class=${`sl-k ${style}`} aria-disabled="true" title=${element.url} onClick=${pressed} dir="auto">${words}${icon("out")}</button>
    <small class="sl-hint">Leads to <bdi>${host || "another app"}</bdi>; not opened here</small>
  </span>`;
}
