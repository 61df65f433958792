// What was sent: counters, sums per kind, and every call with its raw request.
import { html, useMemo, useState } from "./vendor/ui.js";
import { NAMES, arrived, duplicates, useStore } from "./store.js";
import { Badge } from "./parts.js";
import { clockTime, day, isoDay } from "./moments.js";
import { homeZone, useNow } from "./clock.js";

const WORDS = {
  sendMessage: "Message", "chat.postMessage": "Message", "chat.postEphemeral": "Private note", sendDocument: "File", sendPhoto: "Picture",
  editMessageText: "Edit", editMessageReplyMarkup: "Edit of buttons", "chat.update": "Edit", "chat.delete": "Removal", deleteMessage: "Removal",
  answerCallbackQuery: "Answer to a press", "views.open": "Form opened", "views.push": "Form opened", "views.update": "Form changed",
  "views.publish": "Home page", "files.completeUploadExternal": "File", setMyCommands: "Command menu", response: "Answer to a press",
};
const EFFECTS = new Set(Object.keys(WORDS).filter((each) => each !== "setMyCommands"));
const FILTERS = [
  ["messages", "Messages", arrived], ["effects", "All effects", (row) => EFFECTS.has(row.method)],
  ["refused", "Refused", (row) => row.status !== 200], ["all", "Every call", () => true],
];
const PAGE = 80;

const kindOf = (kinds, row) => kinds.get(`${row.platform} ${row.chat} ${row.message}`);

/** Say what became of a call. */
export function stateOf(row) {
  if (row.status === 200) return EFFECTS.has(row.method) ? (/edit|update/i.test(row.method) ? "edited" : "sent") : "done";
  const why = row.body.error ? ` (${row.body.error})` : "";
  if (row.status === 429 || row.body.error === "ratelimited") return "told to wait, done later";
  if (row.status === 0) return "no answer";
  return `refused${why || ` (${row.status})`}`;
}

function Sums({ kinds }) {
  const byWords = new Map();
  for (const each of kinds) byWords.set(each.words, { ...byWords.get(each.words), [each.platform]: each });
  if (!byWords.size) return null;
  const cell = (each) => (each ? html`${each.sent || 0} of ${each.planned}` : "–");
  return html`
    <table class="sums"><caption>Sent of planned</caption>
      <thead><tr><th scope="col">Kind</th><th scope="col"><${Badge} platform="slack" /></th><th scope="col"><${Badge} platform="telegram" /></th></tr></thead>
      <tbody>${[...byWords].map(([words, each]) => html`<tr><th scope="row">${words}</th><td>${cell(each.slack)}</td><td>${cell(each.telegram)}</td></tr>`)}</tbody>
    </table>`;
}

function Row({ row, name, kind, zone, today, open, toggle }) {
  const state = stateOf(row);
  const bad = row.status !== 200;
  return html`
    <li>
      <button class="entry" aria-expanded=${open ? "true" : "false"} onClick=${toggle}>
        <time datetime=${row.at}>${isoDay(row.at, zone) === today ? clockTime(row.at, zone) : day(row.at, zone)}</time>
        <${Badge} platform=${row.platform} />
        <span class="what"><b>${kind || WORDS[row.method] || row.method}</b> ${name && html`<bdi>${name}</bdi>`}<small class=${bad ? "rt" : ""}>${state}</small></span>
        <span class="nr">${row.n}</span>
      </button>
      ${open && html`<div class="raw"><p><code>${row.method}</code>, answer ${row.status}${row.chat && html`, chat <code>${row.chat}</code>`}${row.message && html`, message <code>${row.message}</code>`}</p>
        <pre tabindex="0" aria-label="Raw request">${JSON.stringify(row.body, null, 2)}</pre></div>`}
    </li>`;
}

/** Draw the ledger. */
export function Ledger() {
  const { rows, people, planned, state, kinds, sends } = useStore();
  const at = useNow();
  const zone = homeZone(people);
  const [filter, setFilter] = useState("messages");
  const [platform, setPlatform] = useState("");
  const [person, setPerson] = useState("");
  const [open, setOpen] = useState(0);
  const [shown, setShown] = useState(PAGE);
  const names = useMemo(() => new Map(people.map((each) => [each.id, each.name])), [people]);
  const good = FILTERS.find(([key]) => key === filter)[2];
  const found = useMemo(() => rows.filter((row) => good(row) && (!platform || row.platform === platform) && (!person || row.person === person)), [rows, filter, platform, person]);
  const twice = useMemo(duplicates, [rows, sends]);
  const today = isoDay(at, zone);
  const newest = found.slice(-shown).reverse();
  const totals = planned.totals;
  const numbers = [
    ["planned", "planned", totals.planned || 0, ""], ["sent", "sent", totals.sent || 0, ""],
    ["duplicated", "duplicated", twice, twice ? "no" : "z"], ["refused", "refused by limits", state?.breaches || 0, state?.breaches ? "no" : "z"],
  ];
  const waits = ["queued", "sending", "unknown", "dead", "skipped", "expired"].filter((each) => totals[each]);
  return html`
    <dl class="sum">${numbers.map(([id, words, n, kind]) => html`<div class=${kind} data-count=${id}><dd>${n}</dd><dt>${words}</dt></div>`)}</dl>
    ${waits.length > 0 && html`<p class="hint states">${waits.map((each) => `${totals[each]} ${each === "dead" ? "not delivered" : each}`).join(", ")}</p>`}
    ${!planned.known && state && html`<p class="hint">Numbers of the bot as it knew them last.</p>`}
    <${Sums} kinds=${planned.kinds} />
    <div class="filters">
      <label>Show <select value=${filter} onChange=${(event) => { setFilter(event.target.value); setShown(PAGE); }}>${FILTERS.map(([key, words]) => html`<option value=${key}>${words}</option>`)}</select></label>
      <label>On <select value=${platform} onChange=${(event) => setPlatform(event.target.value)}><option value="">both</option>${Object.entries(NAMES).map(([key, words]) => html`<option value=${key}>${words}</option>`)}</select></label>
      <label>To <select value=${person} onChange=${(event) => setPerson(event.target.value)}><option value="">everybody</option>${people.map((each) => html`<option value=${each.id}>${each.name}</option>`)}</select></label>
    </div>
    <h3>${found.length === 1 ? "1 call" : `${found.length} calls`}, newest first</h3>
    <ul class="log">${newest.map((row) => html`<${Row} key=${row.n} row=${row} name=${names.get(row.person) || ""} kind=${arrived(row) || row.method.includes("dit") || row.method === "chat.update" ? kindOf(kinds, row) : ""}
      zone=${zone} today=${today} open=${open === row.n} toggle=${() => setOpen(open === row.n ? 0 : row.n)} />`)}</ul>
    ${!found.length && html`<p class="empty">Nothing yet. ${filter === "messages" ? "Write to the bot, or let an organiser invite." : ""}</p>`}
    ${found.length > shown && html`<button class="btn more" onClick=${() => setShown(shown + PAGE * 3)}>Show older ones</button>`}`;
}
