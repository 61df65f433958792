// The messages of one chat, oldest first: days, threads, notes of Slack itself; pinned to the newest while one is there.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/ui.js";
import { isoDay, time } from "../moments.js";
import { dayName } from "./dates.js";
import { icon } from "./icons.js";
import { recall, remember } from "./memory.js";
import { Message } from "./message.js";

const TOGETHER_MS = 5 * 60_000;
const NEAR_PX = 60;
const FEW = 80;
const MORE = 30;
const PAUSE_MS = 20;
const NOTES = {
  operation_timeout: "The app did not answer in time.",
  dispatch_failed: "The app could not be reached.",
};

/** Say an error of Slack as people read it. */
export const noteOf = (text) => NOTES[text] || (/[.?!]$/.test(text) ? text : `${text}.`);

/** Keep the objects of messages that did not change, so that they are not drawn again. */
function useSteady(messages, key) {
  const before = useRef({ key: "", known: new Map() });
  return useMemo(() => {
    const old = before.current.key === key ? before.current.known : new Map();
    const known = new Map();
    const changed = [];
    const steady = messages.map((each) => {
      const words = JSON.stringify(each);
      const was = old.get(each.id);
      const kept = was && was.words === words ? was : { words, message: each };
      if (old.size && kept !== was) changed.push(each);
      known.set(each.id, kept);
      return kept.message;
    });
    before.current = { key, known };
    return { steady, changed };
  }, [messages, key]);
}

/** Sort messages into threads, days and runs of one author; notes of Slack stand between them by their time. */
function rows(messages, toasts, zone, now, fresh, threads) {
  const ids = new Set(messages.map((each) => each.id));
  const under = new Map();
  for (const each of messages) if (each.thread && ids.has(each.thread)) under.set(each.thread, [...(under.get(each.thread) || []), each]);
  const found = [];
  let day = "";
  let last = null;
  let marked = !fresh;
  const notes = toasts.map((each, index) => ({ ...each, note: index }));
  const tops = messages.filter((each) => !each.thread || !ids.has(each.thread));
  const all = merged(tops, notes);
  for (const each of all) {
    const its = isoDay(each.at, zone);
    if (its !== day) found.push({ kind: "day", key: `d${its}${found.length}`, words: dayName(each.at, zone, now) });
    if (!marked && each.id && Number(each.id) > fresh) {
      marked = true;
      found.push({ kind: "new", key: "new" });
      last = null;
    }
    if (each.note !== undefined) {
      found.push({ kind: "note", key: `n${each.note}`, note: each });
      last = null;
    } else {
      const close = last && its === day && last.user === each.user && !last.blocks.length && !each.blocks.length && last.ephemeral === each.ephemeral;
      const compact = Boolean(close && Date.parse(each.at) - Date.parse(last.at) < TOGETHER_MS);
      found.push({ kind: "message", key: each.id, message: each, compact, replies: steadyReplies(threads, each.id, under.get(each.id) || []) });
      last = each;
    }
    day = its;
  }
  return found;
}

/** Put notes under the message they came after; the clock may stand still, so times alone do not tell. */
function merged(messages, notes) {
  const found = [];
  let next = 0;
  for (const each of messages) {
    while (next < notes.length && Number(notes[next].after || 0) < Number(each.id)) found.push(notes[next++]);
    found.push(each);
  }
  return [...found, ...notes.slice(next)];
}

function steadyReplies(threads, id, replies) {
  const was = threads.get(id);
  const same = was && was.length === replies.length && was.every((each, at) => each === replies[at]);
  if (!same) threads.set(id, replies);
  return same ? was : replies;
}

/** Draw the messages of a chat; `fresh` is the last message (as a number) that had been seen when it was opened. */
export function Conversation({ chat, ctx, act, command, fresh, empty }) {
  const key = `${ctx.person.id} ${chat.chat}`;
  const threads = useRef(new Map());
  const { steady, changed } = useSteady(chat.messages, key);
  const [open, setOpen] = useState(() => recall(`open ${key}`, new Set()));
  const [away, setAway] = useState(false);
  const [waiting, setWaiting] = useState(0);
  const [drawn, setDrawn] = useState(FEW);
  const [told, setTold] = useState("");
  const box = useRef(null);
  const focused = useRef("");
  const list = useMemo(() => rows(steady, chat.toasts, ctx.zone, ctx.now, fresh, threads.current), [steady, chat.toasts.length, chat.toasts.at(-1)?.at, ctx.zone, ctx.now, fresh]);
  useEffect(() => setOpen(recall(`open ${key}`, new Set())), [key]);
  useEffect(() => {
    setWaiting(0);
    setDrawn(FEW);
    setAway(false);
    box.current.scrollTop = 0;
    focused.current = "";
  }, [key]);
  useEffect(() => {
    const news = changed.filter((each) => each.user !== ctx.team.me);
    if (!news.length) return;
    const last = news.at(-1);
    setTold(`${last.edited ? "Updated" : last.from === "bot" ? "Convenor" : last.from}: ${(last.notification || last.text || last.document).slice(0, 200)}`);
    if (away) setWaiting((count) => count + news.filter((each) => !each.edited).length);
  }, [changed]);
  useEffect(() => {
    if (drawn >= list.length) return undefined;
    const timer = setTimeout(() => setDrawn(drawn + MORE), PAUSE_MS); // older ones follow, above; what is seen does not move
    return () => clearTimeout(timer);
  }, [drawn, list.length]);
  useLayoutEffect(() => {
    if (!focused.current || document.activeElement !== document.body) return;
    const found = box.current.querySelector(`[data-message="${focused.current}"]`);
    if (found) (found.querySelector(".sl-live button, .sl-live input, .sl-live select") || found).focus({ preventScroll: true });
  });
  useEffect(() => {
    const moved = (event) => {
      focused.current = box.current?.contains(event.target) ? event.target.closest("[data-message]")?.dataset.message || "" : "";
    };
    const dropped = (event) => {
      if (!event.target.closest("button, a, input, select, textarea, label")) focused.current = "";
    };
    document.addEventListener("focusin", moved);
    document.addEventListener("pointerdown", dropped);
    return () => {
      document.removeEventListener("focusin", moved);
      document.removeEventListener("pointerdown", dropped);
    };
  }, []);
  const toggle = (id, on) => {
    const next = new Set(open);
    if (on) next.add(id);
    else next.delete(id);
    remember(`open ${key}`, next);
    setOpen(next);
  };
  const scrolled = () => {
    const far = box.current.scrollTop < -NEAR_PX; // the list is upside down: 0 is its end
    setAway(far);
    if (!far) setWaiting(0);
  };
  return html`<div class="sl-log-box">
    <div class="sl-log" ref=${box} role="log" aria-live="off" aria-label=${`Messages of ${chat.title}`} tabindex="0" onScroll=${scrolled}>
      <div class="sl-rows">
        ${list.length === 0 && empty}
        ${list.slice(-drawn).map((row) => html`<${Row} key=${row.key} ...${{ row, open: open.has(row.key), ctx, chat, act, toggle, command }} />`)}
      </div>
    </div>
    ${away && html`<button type="button" class="sl-newest" onClick=${() => box.current.scrollTo({ top: 0, behavior: "auto" })}>
      ${icon("down")}${waiting ? `${waiting} new` : "Newest"}</button>`}
    <div class="sl-vh" role="status" aria-live="polite">${told}</div>
  </div>`;
}

function Row({ row, open, ctx, chat, act, toggle, command }) {
  if (row.kind === "day") return html`<div class="sl-sep" role="separator" aria-label=${row.words}><span>${row.words}</span></div>`;
  if (row.kind === "new") return html`<div class="sl-sep new" role="separator" aria-label="New messages"><span>New</span></div>`;
  if (row.kind === "note") {
    return html`<p class="sl-m sl-quiet">${icon("note")}<span><span dir="auto">${noteOf(row.note.text)}</span> <small>Only visible to you, ${time(row.note.at, ctx.zone)}</small></span></p>`;
  }
  return html`<${Message} ...${{ message: row.message, replies: row.replies, compact: row.compact, open, ctx, chat, act, toggle, command }} />`;
}
