// Newcomers: make a person, and open a joining link as somebody.
import { html, useState } from "./vendor/ui.js";
import { Dialog } from "./dialog.js";
import { known, play, say, set, shownOn, useStore } from "./store.js";
import { get, post } from "./api.js";

const ZONES = [
  "Europe/Brussels", "Europe/London", "Europe/Istanbul", "Africa/Dakar", "Africa/Lagos", "Africa/Nairobi", "Africa/Tunis",
  "America/Bogota", "America/New_York", "Asia/Dhaka", "Asia/Karachi", "Asia/Yerevan", "Asia/Tokyo",
];
const LANGUAGES = [["en", "English"], ["fr", "Français"], ["tr", "Türkçe"], ["ar", "العربية"], ["es", "Español"]];
const NAMES = ["Vera Visitor", "Nils Newcomer", "Gina Guest", "Paul Passerby", "Sana Stranger", "Oumar Outsider"];
const FIRST_USER = 5900001;

/** The payload of a Telegram start link, "" for one without, null for anything else. */
export function startPayload(address) {
  try {
    const url = new URL(address);
    if (!/^(t|telegram)\.me$/.test(url.hostname)) return null;
    return url.searchParams.get("start") || "";
  } catch {
    return null;
  }
}

/** Describe a new person the sandbox does not know yet. */
export function newcomer(people, { name, zone, language, slack, telegram }) {
  const ids = new Set(people.map((each) => each.id));
  let n = 1;
  while (ids.has(`v${String(n).padStart(2, "0")}`)) n += 1;
  const id = `v${String(n).padStart(2, "0")}`;
  const made = { id, name, zone, language, group: "Visitors", about: "Visitor" };
  const users = new Set(people.map((each) => each.telegram?.user));
  let user = FIRST_USER;
  while (users.has(user)) user += 1;
  if (telegram) made.telegram = { user, started: false };
  const team = people.find((each) => each.slack)?.slack.team;
  if (slack && team) made.slack = { team, user: `U0${id.toUpperCase()}` };
  return made;
}

const nextName = (people) => NAMES[people.filter((each) => each.group === "Visitors").length % NAMES.length];

async function create(given) {
  const { person } = await post("person", newcomer(known().people, given));
  set({ people: await get("people") });
  return person;
}

/** Ask for a new visitor. */
export function VisitorDialog({ close }) {
  const { people } = useStore();
  const [given, setGiven] = useState({ name: nextName(people), zone: "Africa/Nairobi", language: "en", telegram: true, slack: false });
  const [bad, setBad] = useState("");
  const change = (patch) => setGiven({ ...given, ...patch });
  const send = async (event) => {
    event.preventDefault();
    if (!given.name.trim()) return setBad("Give the visitor a name.");
    if (!given.telegram && !given.slack) return setBad("Choose at least one platform.");
    try {
      play((await create({ ...given, name: given.name.trim() })).id);
      return close();
    } catch (error) {
      return setBad(error.message);
    }
  };
  return html`
    <${Dialog} title="New visitor" close=${close}>
      <form class="form" onSubmit=${send}>
        <label>Name <input id="visitor-name" value=${given.name} maxlength="80" dir="auto" onInput=${(event) => change({ name: event.target.value })} /></label>
        <label>Lives in the zone of <select value=${given.zone} onChange=${(event) => change({ zone: event.target.value })}>
          ${ZONES.map((each) => html`<option value=${each}>${each.split("/").pop().replaceAll("_", " ")}</option>`)}</select></label>
        <label>Language of the apps <select value=${given.language} onChange=${(event) => change({ language: event.target.value })}>
          ${LANGUAGES.map(([code, words]) => html`<option value=${code} lang=${code}>${words}</option>`)}</select></label>
        <fieldset><legend>Is on</legend>
          ${[["telegram", "Telegram"], ["slack", "Slack"]].map(([key, words]) => html`
            <label class="check"><input type="checkbox" checked=${given[key]} onChange=${(event) => change({ [key]: event.target.checked })} /> ${words}</label>`)}
        </fieldset>
        <p class="hint">The bot does not know this person yet. An organiser who writes <b>members</b> finds a button for a joining link beside everybody who cannot be reached, for instance after they blocked the bot; open it as the visitor.</p>
        ${bad && html`<p class="bad" role="alert">${bad}</p>`}
        <div class="row"><button type="button" class="btn" onClick=${close}>Cancel</button><button class="btn pri">Create</button></div>
      </form>
    </${Dialog}>`;
}

const NEW = "+";

/** Ask who opens a link, and play it: Telegram's Start with the payload. */
export function LinkDialog({ address, close }) {
  const { people } = useStore();
  const there = people.filter((each) => each.telegram);
  const [link, setLink] = useState(address || "");
  const [as, setAs] = useState(address ? NEW : shownOn("telegram")?.id || NEW);
  const [bad, setBad] = useState("");
  const send = async (event) => {
    event.preventDefault();
    const payload = startPayload(link.trim());
    if (payload === null) return setBad("That is no link of Telegram, such as https://t.me/bot?start=abc.");
    try {
      const given = { name: nextName(people), zone: "Africa/Nairobi", language: "en", telegram: true };
      const id = as === NEW ? (await create(given)).id : as;
      await start(id, payload);
      return close();
    } catch (error) {
      return setBad(error.message);
    }
  };
  return html`
    <${Dialog} title="Open a link on Telegram" close=${close}>
      <form class="form" onSubmit=${send}>
        <label>Link <input id="link" value=${link} placeholder="https://t.me/…?start=…" onInput=${(event) => setLink(event.target.value)} /></label>
        <label>As <select id="link-as" value=${as} onChange=${(event) => setAs(event.target.value)}>
          <option value=${NEW}>a new visitor</option>
          ${there.map((each) => html`<option value=${each.id}>${each.name}</option>`)}</select></label>
        <p class="hint">A joining link works once and binds the account to the member it was made for.</p>
        ${bad && html`<p class="bad" role="alert">${bad}</p>`}
        <div class="row"><button type="button" class="btn" onClick=${close}>Cancel</button><button class="btn pri">Open it</button></div>
      </form>
    </${Dialog}>`;
}

async function start(id, payload) {
  await post("start", { person: id, platform: "telegram", ...(payload ? { payload } : {}) });
  play(id);
}

/** Take clicks on links that would leave this machine; `ask(address)` opens the dialog for a joining link. */
export function catchLinks(ask) {
  const click = (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || link.hasAttribute("download")) return;
    if (link.origin === location.origin || link.protocol === "blob:") return;
    event.preventDefault();
    const payload = startPayload(link.href);
    if (payload === null) say(`This leads out of the playground and is not opened: ${link.href}`);
    else if (link.closest("[data-platform=telegram]") && shownOn("telegram")) {
      start(shownOn("telegram").id, payload).catch((error) => say(error.message, { bad: true }));
    } else ask(link.href);
  };
  document.addEventListener("click", click);
  return () => document.removeEventListener("click", click);
}
