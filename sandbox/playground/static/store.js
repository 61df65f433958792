// What the page knows, kept outside the components: filled by the live socket, read through `useStore`.
import { useEffect, useState } from "./vendor/ui.js";
import { Live, gathered, get, post } from "./api.js";

export const PLATFORMS = ["slack", "telegram"];
export const NAMES = { slack: "Slack", telegram: "Telegram" };
const POSTS = new Set(["sendMessage", "sendDocument", "sendPhoto", "chat.postMessage", "files.completeUploadExternal"]);
const ROWS_KEPT = 20000;
const PAGE = 10000;

/** Recall what was kept for this tab. */
export function kept(name, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(`convenor.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Remember something for this tab only, so that two tabs can be two people. */
export function keep(name, value) {
  try {
    sessionStorage.setItem(`convenor.${name}`, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing still plays.
  }
}

const data = {
  connected: null, state: null, heardAt: 0, people: [], rows: [], latest: {}, copies: new Map(),
  planned: { known: false, next: null, rows: [], totals: {}, kinds: [] }, kinds: new Map(), sends: new Set(),
  who: kept("who", {}), last: kept("last", ""), selected: kept("selected", {}), seen: kept("seen", {}),
  screens: { slack: null, telegram: null }, note: null,
};
const listeners = new Set();
let waiting = false;

/** Change what is known; the page is drawn once for many changes. */
export function set(patch) {
  Object.assign(data, patch);
  if (waiting) return;
  waiting = true;
  queueMicrotask(() => {
    waiting = false;
    listeners.forEach((each) => each());
  });
}

/** Draw the component again whenever something changed. */
export function useStore() {
  const [, again] = useState(0);
  useEffect(() => {
    const told = () => again((n) => n + 1);
    listeners.add(told);
    return () => listeners.delete(told);
  }, []);
  return data;
}

/** Give what is known, for handlers. */
export const known = () => data;

/** The virtual instant now, in milliseconds; the clock runs on between two pushes. */
export function now() {
  if (!data.state) return Date.now();
  const { now: at, rate } = data.state.clock;
  return Date.parse(at) + (rate ? (performance.now() - data.heardAt) * rate : 0);
}

/** Say something calmly at the foot of the page; it goes away by itself. */
export function say(text, more = {}) {
  set({ note: { text, ...more, n: (data.note?.n || 0) + 1 } });
}

/** Do something and say what went wrong, if it did; resolves with the answer or null. */
export async function doing(work) {
  try {
    return await work();
  } catch (error) {
    say(error.message, { bad: true });
    return null;
  }
}

const refreshPeople = gathered(async () => {
  const people = await get("people").catch(() => null);
  if (!people) return;
  set({ people });
  settle();
}, 5);

/** Choose somebody for each pane at first: a member of staff on Slack, a member on Telegram. */
function settle() {
  const named = (id) => data.people.find((each) => each.id === id);
  const who = { ...data.who };
  const wanted = new URLSearchParams(location.search);
  for (const platform of PLATFORMS) {
    const asked = named(wanted.get(platform) || wanted.get("person"));
    if (asked && asked[platform] && !data.settled) who[platform] = asked.id;
    if (named(who[platform])?.[platform]) continue;
    const there = data.people.filter((each) => each[platform]);
    const alone = there.filter((each) => PLATFORMS.every((other) => other === platform || !each[other]));
    const members = alone.filter((each) => each.group === "Members");
    who[platform] = ((platform === "telegram" ? members[0] : alone[0]) || alone[0] || there[0])?.id || "";
  }
  const last = named(data.last) ? data.last : who.slack || who.telegram;
  data.settled = true;
  if (JSON.stringify(who) !== JSON.stringify(data.who) || last !== data.last) become(who, last);
  else PLATFORMS.forEach((each) => refresh[each]());
}

function become(who, last) {
  const screens = { ...data.screens };
  for (const each of PLATFORMS) if (screens[each]?.person !== who[each]) screens[each] = null;
  set({ who, last, screens });
  keep("who", who);
  keep("last", last);
  PLATFORMS.forEach((each) => refresh[each]());
}

/** Be a person on every platform they are on; the other pane stays with whom it showed. */
export function play(id) {
  const person = data.people.find((each) => each.id === id);
  if (!person) return;
  const who = { ...data.who };
  for (const each of PLATFORMS) if (person[each]) who[each] = id;
  become(who, id);
}

/** Give whoever a pane shows. */
export const shownOn = (platform) => data.people.find((each) => each.id === data.who[platform]) || null;

const refresh = Object.fromEntries(PLATFORMS.map((platform) => [platform, gathered(() => look(platform), 20)]));

async function look(platform) {
  const person = data.who[platform];
  if (!person) return;
  try {
    const found = await get(`screen?person=${encodeURIComponent(person)}&platform=${platform}`);
    if (data.who[platform] !== person) return;
    set({ screens: { ...data.screens, [platform]: { person, data: found } } });
  } catch (error) {
    if (data.who[platform] === person && !data.screens[platform]) {
      set({ screens: { ...data.screens, [platform]: { person, data: null, error: error.message } } });
    }
  }
}

/** Play a person: rejects with a sentence. */
export async function act(platform, action, body) {
  const found = await post(action, { ...body, person: data.who[platform], platform });
  refresh[platform]();
  return found;
}

/** Remember which chat a person has open. */
export function select(platform, person, chat) {
  const selected = { ...data.selected, [`${platform} ${person}`]: chat };
  set({ selected });
  keep("selected", selected);
}

const refreshRows = gathered(async () => {
  let more = [];
  do {
    const after = data.rows.length ? data.rows[data.rows.length - 1].n : 0;
    more = await get(`ledger?after=${after}`).catch(() => []);
    for (const row of more) note(row);
    data.rows = data.rows.concat(more).slice(-ROWS_KEPT);
  } while (more.length >= PAGE);
  set({ rows: data.rows });
}, 15);

/** Tell whether a row is a message that arrived. */
export const arrived = (row) => POSTS.has(row.method) && row.status === 200 && Boolean(row.message || row.chat);

function note(row) {
  if (!arrived(row)) return;
  if (row.person) data.latest[`${row.platform} ${row.person}`] = row.n;
  const key = `${row.platform} ${row.chat} ${row.body.text || ""}`;
  data.copies.set(key, [...(data.copies.get(key) || []), `${row.platform} ${row.chat} ${row.message}`]);
}

/** Count messages that stand twice in a chat although they were sent for one delivery. */
export function duplicates() {
  let found = 0;
  for (const places of data.copies.values()) {
    const planned = places.filter((each) => data.sends.has(each)).length;
    if (planned) found += places.length - planned;
  }
  return found;
}

const refreshPlanned = gathered(async () => {
  const found = await get("planned").catch(() => null);
  if (!found) return;
  set({ planned: found.known ? found : { ...data.planned, known: false } });
}, 200);

const refreshKinds = gathered(async () => {
  const found = await get("sent").catch(() => null);
  if (!found?.known) return;
  const kinds = new Map();
  const key = ([platform, chat, message]) => `${platform} ${chat} ${message}`;
  for (const each of [...found.cards, ...found.sent]) kinds.set(key(each), each[3]);
  set({ kinds, sends: new Set(found.sent.map(key)) });
}, 300);

function told(state) {
  const before = data.state;
  set({ state, heardAt: performance.now() });
  if (before && state.ledger < before.ledger) {
    data.rows = [];
    data.latest = {};
    data.copies = new Map();
  }
  if (before && state.people !== before.people) refreshPeople();
  if (!data.rows.length || state.ledger !== data.rows[data.rows.length - 1].n) refreshRows();
  PLATFORMS.forEach((each) => refresh[each]());
  refreshPlanned();
  if (!before || state.ledger !== before.ledger) refreshKinds();
}

/** Note what the people in front of us have seen, on the platforms that can be seen. */
export function lookAt(platforms) {
  if (document.hidden) return;
  const seen = { ...data.seen };
  let changed = false;
  for (const platform of platforms) {
    const key = `${platform} ${data.who[platform]}`;
    if ((data.latest[key] || 0) > (seen[key] || 0)) {
      seen[key] = data.latest[key];
      changed = true;
    }
  }
  if (changed) {
    set({ seen });
    keep("seen", seen);
  }
}

/** Tell on which platforms a person has something they have not seen. */
export const unread = (person) =>
  PLATFORMS.filter((each) => (data.latest[`${each} ${person.id}`] || 0) > (data.seen[`${each} ${person.id}`] || 0));

/** Begin to listen. */
export function begin() {
  refreshPeople();
  return new Live(told, (connected) => {
    const back = connected && data.connected === false;
    set({ connected });
    if (connected && (back || !data.people.length)) refreshPeople();
  });
}
