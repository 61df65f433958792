// The head of a chat: who it is, what can be done with the chat, its topics.
import { html, useEffect, useRef, useState } from "../vendor/ui.js";
import { Avatar } from "./chats.js";
import { walk } from "./composer.js";
import { icons } from "./icons.js";

/** Draw the head; `acts` is `[{name, danger, run}]`. */
export function Head({ chat, acts, back, others }) {
  const about = chat.kind === "private" ? (chat.blocked ? "bot, blocked" : "bot") : `${chat.members} members`;
  return html`<header class="tg-head">
    <button type="button" class="tg-back" aria-label=${`All chats${others ? `, ${others} unread` : ""}`} onClick=${back}><${icons.back} />${others ? html`<span class="tg-unread" aria-hidden="true">${others}</span>` : ""}</button>
    <${Avatar} chat=${chat} />
    <div class="tg-title"><h2><bdi>${chat.title}</bdi></h2><small>${about}</small></div>
    <${More} acts=${acts} title=${chat.title} />
  </header>`;
}

function More({ acts, title }) {
  const [open, setOpen] = useState(false);
  const box = useRef(null);
  useEffect(() => {
    if (!open) return undefined;
    box.current.querySelector("[role=menuitem]")?.focus();
    const away = (event) => !box.current?.contains(event.target) && setOpen(false);
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  return html`<div class="tg-more" ref=${box}>
    <button type="button" class="tg-round tg-bare" aria-haspopup="true" aria-expanded=${String(open)} aria-label=${`More about ${title}`} onClick=${() => setOpen(!open)}><${icons.more} /></button>
    ${open
      ? html`<ul class="tg-drop" role="menu" onKeyDown=${(event) => walk(event, event.currentTarget, () => setOpen(false))}>
          ${acts.map((each) => html`<li role="none" key=${each.name}><button type="button" role="menuitem" class=${each.danger ? "tg-danger" : ""} onClick=${() => {
            setOpen(false);
            box.current?.querySelector("[aria-haspopup]")?.focus();
            each.run();
          }}>${each.name}</button></li>`)}
        </ul>`
      : ""}
  </div>`;
}

/** Draw the topics of a group as tabs. */
export function Topics({ chat, topic, pick }) {
  const all = [{ id: "", title: "General" }, ...chat.topics];
  const keyed = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const to = (all.findIndex((each) => each.id === topic) + step + all.length) % all.length;
    pick(all[to].id);
    event.currentTarget.querySelectorAll("[role=tab]")[to].focus();
  };
  return html`<div class="tg-topics" role="tablist" aria-label=${`Topics of ${chat.title}`} onKeyDown=${keyed}>
    ${all.map((each) => html`<button type="button" role="tab" key=${each.id} aria-selected=${String(each.id === topic)} tabindex=${each.id === topic ? "0" : "-1"} onClick=${() => pick(each.id)}><bdi>${each.title}</bdi></button>`)}
  </div>`;
}
