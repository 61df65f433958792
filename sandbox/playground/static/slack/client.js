// The Slack side of the playground: one person's workspace, drawn from what the sandbox says they see.
import { html, useEffect, useMemo, useRef, useState } from "../vendor/ui.js";
import { Composer } from "./composer.js";
import { Conversation, noteOf } from "./conversation.js";
import { Home } from "./home.js";
import { icon } from "./icons.js";
import { mark, read, recall, remember } from "./memory.js";
import { Confirm, Modal } from "./modal.js";
import { Sidebar } from "./sidebar.js";

const NOTHING = { id: "", name: "Slack", me: "", bot_user: "", commands: ["/cop"], rooms: {} };
const TABS = ["home", "messages"];

/** Draw the client; see the contract of the shell for its props. */
export function SlackClient({ screen, person, people, act, now, zone, selected, select }) {
  const team = screen?.team || NOTHING;
  const chats = screen?.chats || [];
  const direct = chats.find((each) => each.kind === "private") || { chat: "", title: "Convenor", kind: "private", messages: [], toasts: [], members: 1 };
  const current = chats.find((each) => each.chat === selected) || direct;
  const [over, show] = useState(null);
  const [listed, setListed] = useState(false);
  const [, redraw] = useState(0);
  const ctx = useReader({ team, person, people, now, zone, show });
  const doing = useSteadyAct(act);
  const tab = current === direct ? recall(`tab ${person.id}`, "messages") : "messages";
  const place = `${person.id} ${current.chat}`;
  const opened = useRef({ place: "", fresh: 0 });
  if (screen && opened.current.place !== place) opened.current = { place, fresh: mark(person.id, current.chat) };
  useEffect(() => show(null), [person.id]);
  useEffect(() => {
    if (screen && tab === "messages" && !document.hidden && read(person.id, current)) redraw((count) => count + 1);
  });
  if (!screen) return html`<section class="sl sl-wait" aria-label="Slack" aria-busy="true"><p>Slack is being read.</p></section>`;

  const go = (chat) => {
    select(chat.chat || "app");
    setListed(false);
  };
  const choose = (name) => {
    remember(`tab ${person.id}`, name);
    redraw((count) => count + 1);
  };
  const modal = screen.modal;
  const busy = Boolean(modal || over);
  const command = team.commands.includes("/cop") ? "/cop" : team.commands[0] || "/cop";
  return html`<section class=${`sl${listed ? " listed" : ""}`} aria-label=${`Slack, as ${person.name}`}>
    <div class="sl-frame" inert=${busy} onKeyDown=${(event) => event.key === "Escape" && listed && setListed(false)}>
      <${Sidebar} ...${{ team, chats, direct, current, person, go }} />
      <div class="sl-conv">
        <${Header} ...${{ current, direct, tab, choose, list: () => setListed(!listed), listed }} />
        <${Notes} notices=${screen.notices} person=${person} />
        ${tab === "home"
          ? html`<${Home} key=${person.id} view=${screen.home} ctx=${ctx} act=${doing} />`
          : html`<${Conversation} ...${{ chat: current, ctx, act: doing, command, fresh: opened.current.fresh,
              empty: html`<${Empty} ...${{ current, direct, choose, act: doing, command }} />` }} />
            ${current.archived
              ? html`<p class="sl-note">This channel is archived.</p>`
              : html`<${Composer} ...${{ name: `draft ${place}`, id: "sl-composer", act: doing, command, files: true,
                  label: `Message ${current === direct ? "Convenor" : current.title}`, where: current.chat ? { chat: current.chat } : {} }} />`}`}
      </div>
    </div>
    ${modal && html`<div class="sl-layer" inert=${Boolean(over)}><${Modal} key=${person.id} ...${{ view: modal, depth: screen.depth, ctx, act: doing }} /></div>`}
    ${over && html`<div class="sl-layer">${over}</div>`}
  </section>`;
}

/** Give what texts need to know of their reader; the same object as long as nothing in it changes. */
function useReader({ team, person, people, now, zone, show }) {
  const key = JSON.stringify([team, person, zone, String(now).slice(0, 13), people.map((each) => [each.name, each.slack?.user])]);
  return useMemo(() => {
    const there = people.filter((each) => each.slack?.team === team.id);
    const names = new Map(there.map((each) => [each.slack.user, each.name]));
    const ids = new Map(there.map((each) => [each.slack.user, each.id]));
    names.set(team.bot_user, "Convenor");
    const ctx = { team, person, people, now, zone, show, names, ids, rooms: new Map(Object.entries(team.rooms)), language: person.language };
    ctx.confirm = (confirm, yes) => show(html`<${Confirm} ...${{ confirm, ctx, yes }} />`);
    return ctx;
  }, [key]);
}

/** Give one function for good that calls the newest `act`. */
function useSteadyAct(act) {
  const newest = useRef(act);
  newest.current = act;
  return useMemo(() => (action, body) => newest.current(action, body), []);
}

function Header({ current, direct, tab, choose, list, listed }) {
  const app = current === direct;
  const about = app ? "App" : `${current.kind === "group" ? "Private channel" : "Channel"} · ${current.members} ${current.members === 1 ? "person" : "people"}`;
  return html`<header class="sl-top">
    <button type="button" class="sl-icon sl-lister" aria-label="Channels" aria-expanded=${listed} onClick=${list}>${icon("menu")}</button>
    <div class="sl-title"><h2>${!app && icon(current.kind === "group" ? "lock" : "hash")}<span dir="auto">${current.title.replace(/^#/, "")}</span></h2><small>${about}</small></div>
    ${app && html`<${Tabs} ...${{ tab, choose }} />`}
  </header>`;
}

function Tabs({ tab, choose }) {
  const keyed = (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = TABS[1 - TABS.indexOf(tab)];
    choose(other);
    event.currentTarget.querySelector(`[data-tab=${other}]`).focus();
  };
  return html`<div class="sl-tabs" role="tablist" aria-label="Convenor" onKeyDown=${keyed}>${TABS.map((name) => html`<button type="button" role="tab" key=${name} data-tab=${name}
    aria-selected=${tab === name} tabindex=${tab === name ? 0 : -1} onClick=${() => choose(name)}>${name === "home" ? "Home" : "Messages"}</button>`)}</div>`;
}

/** Slack's own errors that belong to no chat, such as a form that could not be opened; one at a time. */
function Notes({ notices, person }) {
  const name = `notes ${person.id}`;
  const [, redraw] = useState(0);
  const loose = notices.filter((each) => !each.chat);
  if (recall(name) === undefined || recall(name) > loose.length) remember(name, loose.length);
  const last = loose.length > recall(name) ? loose.at(-1) : null;
  if (!last) return "";
  const close = () => {
    remember(name, loose.length);
    redraw((count) => count + 1);
  };
  return html`<p class="sl-note" role="status"><span dir="auto">${noteOf(last.text)}</span><button type="button" class="sl-icon" aria-label="Close this note" onClick=${close}>${icon("close")}</button></p>`;
}

function Empty({ current, direct, choose, act, command }) {
  if (current !== direct) return html`<div class="sl-empty"><p>Nothing was written in this channel yet.</p></div>`;
  const home = () => act("say", { text: `${command} home` }).catch(() => {});
  return html`<div class="sl-empty"><p>No messages between you and the app yet. Its messages arrive here; all you need can be pressed.</p>
    <div class="sl-actions"><button type="button" class="sl-k" onClick=${() => choose("home")}>Open the Home tab</button>
    <button type="button" class="sl-k" onClick=${home}>Say ${command} home</button></div></div>`;
}
