// The messages of a chat: days, runs of one writer, scrolling that stays where the reader is.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/ui.js";
import { Bubble } from "./bubble.js";
import { icons } from "./icons.js";
import { dayName, dayOf, oneLine, same } from "./words.js";

const NEAR = 40;
const RUN_MS = 10 * 60000;
const EDGE = 48;

/** Keep the old object of every message that has not changed, so that it is not drawn again. */
function useStable(messages) {
  const kept = useRef(new Map());
  return useMemo(() => {
    const next = new Map();
    const stable = messages.map((message) => {
      const old = kept.current.get(message.id);
      const one = old && same(old, message) ? old : message;
      next.set(one.id, one);
      return one;
    });
    kept.current = next;
    return stable;
  }, [messages]);
}

/** Draw the messages; `waits` maps a message to the data of its pressed buttons. */
export function Log({ chat, messages: given, waits, empty, zone, language, now, does }) {
  const messages = useStable(given);
  const box = useRef(null);
  const inner = useRef(null);
  const low = useRef(true);
  const seen = useRef("");
  const [behind, setBehind] = useState(0);
  const last = messages.at(-1);
  const toEnd = () => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };

  useLayoutEffect(() => {
    const news = seen.current === "" ? 0 : messages.filter((one) => Number(one.id) > Number(seen.current)).length;
    const first = seen.current === "";
    seen.current = last?.id || "0";
    if (first || low.current || (news && last.who === "own")) {
      low.current = true;
      toEnd();
    } else if (news) setBehind((before) => before + news);
  }, [messages]);

  useEffect(() => {
    const watch = new ResizeObserver(() => low.current && toEnd());
    watch.observe(inner.current);
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);

  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    low.current = scrollHeight - scrollTop - clientHeight < EDGE;
    if (low.current && behind) setBehind(0);
  };

  return html`<div class="tg-log tg-wall">
    <div class="tg-scroll" ref=${box} role="log" aria-live="off" aria-label=${`Messages, ${chat.title}`} tabindex="0" onScroll=${scrolled}>
      <div class="tg-inner" ref=${inner}>${messages.length ? rows(chat, messages, { waits, zone, language, now, does }) : empty}</div>
    </div>
    ${behind
      ? html`<button type="button" class="tg-jump" onClick=${() => {
          low.current = true;
          setBehind(0);
          toEnd();
        }} aria-label=${`${behind} new, go to the newest message`}><${icons.down} /><span>${behind}</span></button>`
      : ""}
    <${News} ...${{ messages, title: chat.title, open: chat.kind === "private" }} />
  </div>`;
}

function rows(chat, messages, { waits, zone, language, now, does }) {
  const made = [];
  let day = "";
  messages.forEach((message, n) => {
    const today = dayOf(message.at, zone);
    const before = messages[n - 1];
    const after = messages[n + 1];
    if (today !== day) made.push(html`<p class="tg-day" key=${`d${message.id}`}><span>${dayName(message.at, now, zone)}</span></p>`);
    const opens = today !== day || !before || before.service || before.sender !== message.sender || gap(before, message);
    day = today;
    if (message.service) {
      made.push(html`<p class="tg-day" key=${message.id}><span><bdi>${message.from === "bot" ? chat.title : message.from}</bdi> ${message.text}</span></p>`);
      return;
    }
    const tail = !after || after.service || after.sender !== message.sender || gap(message, after) || dayOf(after.at, zone) !== today;
    const relative = message.entities.some((each) => each.date_time_format === "r");
    made.push(html`<${Bubble} key=${message.id} ...${{
      message, tail, zone, language, does,
      named: chat.kind !== "private" && message.who !== "own" && opens,
      far: n < messages.length - NEAR,
      waits: waits[message.id] || "",
      now: relative ? now : "",
      username: chat.username,
      botName: chat.bot,
    }} />`);
  });
  return made;
}

const gap = (one, two) => new Date(two.at) - new Date(one.at) > RUN_MS;

/** Say politely what came, and in private what changed. */
function News({ messages, title, open }) {
  const [said, setSaid] = useState("");
  const before = useRef(null);
  useEffect(() => {
    const old = before.current;
    before.current = messages;
    if (!old) return;
    const known = new Map(old.map((message) => [message.id, message]));
    const came = messages.filter((message) => message.who !== "own" && !known.has(message.id)).at(-1);
    const changed = open && messages.filter((message) => message.edited && known.has(message.id) && known.get(message.id) !== message).at(-1);
    if (came) setSaid(`${came.from === "bot" ? title : came.from}: ${oneLine(came.shown || came.text, 160)}`);
    else if (changed) setSaid(`Changed: ${oneLine(changed.shown || changed.text, 160)}`);
  }, [messages]);
  return html`<p class="vh" aria-live="polite">${said}</p>`;
}
