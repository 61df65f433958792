// The list of chats: the bot first, then groups, each with its last line and what is unread.
import { html } from "../vendor/ui.js";
import { unreadOf } from "./memory.js";
import { hue, initials, oneLine, shortWhen } from "./words.js";

/** Draw an avatar: the first letters of a name. */
export function Avatar({ chat }) {
  const bot = chat.kind === "private";
  return html`<span class=${`tg-av ${bot ? "tg-bot" : `tg-a${hue(chat.chat)}`}`} aria-hidden="true">${initials(chat.title).slice(0, bot ? 1 : 2)}</span>`;
}

/** Draw the list; `select(chat)` opens one, `join(chat)` goes back into a group one has left. */
export function ChatList({ chats, left, person, current, now, zone, select, join }) {
  const keyed = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const stops = [...event.currentTarget.querySelectorAll("button")];
    const next = stops[stops.indexOf(document.activeElement) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  };
  return html`<nav class="tg-list" aria-label="Telegram chats" onKeyDown=${keyed}>
    ${chats.map((chat) => html`<${Entry} key=${chat.chat} ...${{ chat, person, now, zone, open: chat.chat === current, select }} />`)}
    ${left.length
      ? html`<h3 class="tg-left">Groups you left</h3>
          ${left.map((each) => html`<button type="button" class="tg-join" key=${each.chat} onClick=${() => join(each.chat)}><bdi>${each.title}</bdi><span>Join again</span></button>`)}`
      : ""}
  </nav>`;
}

function Entry({ chat, person, now, zone, open, select }) {
  const last = chat.messages.at(-1);
  const unread = open ? 0 : unreadOf(person, chat).length;
  return html`<button type="button" class="tg-chat" aria-current=${open ? "true" : undefined} onClick=${() => select(chat.chat)}>
    <${Avatar} chat=${chat} />
    <span class="tg-name"><bdi>${chat.title}</bdi></span>
    <span class="tg-at">${last ? shortWhen(last.at, now, zone) : ""}</span>
    <span class="tg-last" dir="auto">${lastLine(chat, last)}</span>
    ${unread ? html`<span class="tg-unread"><span aria-hidden="true">${unread > 99 ? "99+" : unread}</span><span class="vh">${unread} unread</span></span>` : ""}
  </button>`;
}

function lastLine(chat, last) {
  if (!last) return chat.kind === "private" && !chat.started ? "Not started yet" : "No messages yet";
  const text = oneLine(last.shown || last.text || last.document, 90);
  if (last.service) return `${last.from === "bot" ? chat.title : last.from} ${text}`;
  if (last.who === "own") return `You: ${text}`;
  return chat.kind === "private" || last.who === "bot" ? text : `${last.from.split(" ")[0]}: ${text}`;
}
