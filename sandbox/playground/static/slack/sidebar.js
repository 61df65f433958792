// Where a person is in the workspace: the app first, then the channels, with dots for what was not read.
import { html } from "../vendor/ui.js";
import { Face } from "./face.js";
import { icon } from "./icons.js";
import { unread } from "./memory.js";

/** Draw the list of chats; `current` is the open one, `go(chat)` opens another. */
export function Sidebar({ team, chats, direct, current, person, go }) {
  const item = (chat, face) => {
    const count = chat === current ? 0 : unread(person.id, chat, team.me);
    const name = chat.title.replace(/^#/, "");
    return html`<li key=${chat.chat}><button type="button" class=${`sl-room${count ? " un" : ""}`} aria-current=${chat === current ? "page" : undefined} onClick=${() => go(chat)}>
      ${face}<span class="sl-room-name" dir="auto">${name}</span>
      ${count > 0 && (chat.kind === "private" ? html`<span class="sl-badge" aria-hidden="true">${count}</span>` : html`<i class="sl-dot" aria-hidden="true"></i>`)}
      ${count > 0 && html`<span class="sl-vh">, ${count} unread</span>`}</button></li>`;
  };
  const rooms = chats.filter((each) => each.kind !== "private");
  return html`<nav class="sl-side" aria-label="Slack channels">
    <div class="sl-ws" dir="auto">${team.name}</div>
    <h2>Apps</h2>
    <ul>${item(direct, html`<${Face} app small />`)}</ul>
    <h2>Channels</h2>
    <ul>${rooms.map((each) => item(each, icon(each.kind === "group" ? "lock" : "hash")))}</ul>
    ${rooms.length === 0 && html`<p class="sl-none">In no channel yet</p>`}
  </nav>`;
}
