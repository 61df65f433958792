// The page: header, time line, rail of people, the two clients, and the drawer with ledger and faults.
import { Component, html, render, useEffect, useMemo, useState } from "./vendor/ui.js";
import { NAMES, PLATFORMS, act, begin, keep, kept, known, lookAt, play, select, set, shownOn, unread, useStore } from "./store.js";
import { Badge, Icon } from "./parts.js";
import { Rail, ordered } from "./rail.js";
import { Clock, homeZone, useNow } from "./clock.js";
import { Timeline } from "./timeline.js";
import { Ledger } from "./ledger.js";
import { Faults } from "./faults.js";
import { Tour, useTour } from "./tour.js";
import { LinkDialog, VisitorDialog, catchLinks } from "./visitors.js";
import { PlainClient } from "./placeholder.js";
import { city, time } from "./moments.js";

const EXPORTS = { slack: "SlackClient", telegram: "TelegramClient" };
const clients = {};

async function load(platform) {
  for (const file of ["client", "index"]) {
    try {
      const found = (await import(`./${platform}/${file}.js`))[EXPORTS[platform]];
      if (found) return found;
    } catch (error) {
      console.warn(`No ${platform} client: ${error.message}`);
    }
  }
  return PlainClient;
}

/** Keep a client's failure to its own pane. */
class Guard extends Component {
  constructor() {
    super();
    this.state = { failed: null };
  }

  static getDerivedStateFromError(error) {
    return { failed: error };
  }

  componentDidCatch(error) {
    console.error(error);
    this.setState({ failed: error });
  }

  render({ children }) {
    if (!this.state.failed) return children;
    return html`<div class="empty-pane" role="alert"><h2>This side could not be drawn</h2><p>${String(this.state.failed.message)}</p>
      <button class="btn" onClick=${() => this.setState({ failed: null })}>Draw it again</button></div>`;
  }
}

function Empty({ platform }) {
  const { people } = useStore();
  const text = people.some((each) => each[platform])
    ? `Choose somebody with the ${NAMES[platform]} badge in the rail of people.`
    : `Nobody here is on ${NAMES[platform]}.`;
  return html`<div class="empty-pane"><h2>Nobody is here</h2><p>${text}</p></div>`;
}

function Pane({ platform, front }) {
  const data = useStore();
  const at = useNow();
  const [, loaded] = useState(0);
  const person = data.people.find((each) => each.id === data.who[platform]) || null;
  const screen = data.screens[platform];
  useEffect(() => {
    load(platform).then((found) => {
      clients[platform] = found;
      loaded(1);
    });
  }, []);
  const minute = new Date(Math.floor(at / 1000) * 1000).toISOString();
  const doing = useMemo(() => (action, body) => act(platform, action, body), [platform, person?.id]);
  const choose = useMemo(() => (chat) => select(platform, person?.id, chat), [platform, person?.id]);
  const Client = clients[platform];
  const down = data.state?.down?.includes(platform);
  const body = () => {
    if (!data.people.length || !Client) return html`<div class="empty-pane wait" aria-busy="true"><p>Loading ${NAMES[platform]}.</p></div>`;
    if (!person) return html`<${Empty} platform=${platform} />`;
    if (screen?.error) return html`<div class="empty-pane" role="alert"><p>${screen.error}</p></div>`;
    return html`<${Guard} key=${person.id}><${Client} screen=${screen?.data || null} person=${person} people=${data.people} act=${doing} now=${minute} zone=${person.zone}
      selected=${data.selected[`${platform} ${person.id}`] || null} select=${choose} /></${Guard}>`;
  };
  return html`
    <div role="group" id=${`pane-${platform}`} class=${`pane ${front ? "front" : ""}`} data-platform=${platform} aria-label=${`${NAMES[platform]}${person ? `, as ${person.name}` : ""}`}>
      <header class="pane-head"><${Badge} platform=${platform} quiet /><span class="as">${NAMES[platform]}${person && html`, as <b><bdi>${person.name}</bdi></b>`}</span>
        ${person && html`<span class="there">${time(at, person.zone)} in ${city(person.zone)}</span>`}</header>
      ${down && html`<p class="strip bad">${NAMES[platform]} is down: the bot cannot reach it.</p>`}
      <div class="pane-body">${body()}</div>
    </div>`;
}

const THEMES = [["", "Auto"], ["light", "Light"], ["dark", "Dark"]];

function Theme() {
  const [theme, setTheme] = useState(() => localStorage.getItem("convenor.theme") || "");
  useEffect(() => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    localStorage.setItem("convenor.theme", theme);
  }, [theme]);
  return html`<fieldset class="theme"><legend class="vh">Theme</legend>${THEMES.map(([value, words]) => html`
    <label><input type="radio" class="vh" name="theme" value=${value} checked=${theme === value} onChange=${() => setTheme(value)} /><span>${words}</span></label>`)}</fieldset>`;
}

function Banners() {
  const { connected, state } = useStore();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 1500);
    return () => clearTimeout(timer);
  }, []);
  const lost = connected === false || (late && connected === null);
  return html`<div class="banners" role="status">
    ${lost && html`<p class="strip warn" id="lost">Connection lost, trying again</p>`}
    ${!lost && state?.bot === "down" && html`<p class="strip warn" id="bot-down">The bot is down. What people do is kept for it; start it under Faults.</p>`}
    ${!lost && state?.bot === "starting" && html`<p class="strip">The bot is starting and takes up what it left.</p>`}
  </div>`;
}

function Note() {
  const { note } = useStore();
  useEffect(() => {
    if (!note) return undefined;
    const timer = setTimeout(() => set({ note: null }), Math.max(5000, note.text.length * 80));
    return () => clearTimeout(timer);
  }, [note]);
  return html`<div class="note-place" role="status" aria-live="polite">${note && html`<p class=${`note ${note.bad ? "bad" : ""}`}><span>${note.text}</span>
    <button class="cross" aria-label="Close" onClick=${() => set({ note: null })}><${Icon} name="close" /></button></p>`}</div>`;
}

const TABS = [["slack", "Slack"], ["telegram", "Telegram"], ["people", "People"], ["drawer", "Sent"]];

function Tabs({ front, show }) {
  const { people, state } = useStore();
  const fresh = (platform) => shownOn(platform) && front !== platform && unread(shownOn(platform)).includes(platform);
  const others = people.some((each) => unread(each).length);
  return html`<nav class="tabs" aria-label="Show">${TABS.map(([key, words]) => html`
    <button aria-current=${front === key ? "page" : undefined} onClick=${() => show(key)}>
      ${NAMES[key] ? html`<${Badge} platform=${key} quiet />` : html`<${Icon} name=${key === "people" ? "people" : "sent"} />`}${words}
      ${((NAMES[key] && fresh(key)) || (key === "people" && others) || (key === "drawer" && state?.bot === "down")) && html`<i class="dot"></i><span class="vh">something new</span>`}
    </button>`)}</nav>`;
}

function Drawer({ tab, setTab, close }) {
  const tabs = [["sent", "What was sent"], ["faults", "Faults"]];
  const keys = (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    setTab(tab === "sent" ? "faults" : "sent");
    event.currentTarget.querySelector('[aria-selected="false"]')?.focus();
  };
  return html`
    <div class="drawer-head"><div role="tablist" aria-label="Drawer" onKeyDown=${keys}>${tabs.map(([key, words]) => html`
      <button role="tab" id=${`tab-${key}`} aria-controls="drawer-body" aria-selected=${tab === key ? "true" : "false"} tabindex=${tab === key ? 0 : -1} onClick=${() => setTab(key)}>${words}</button>`)}</div>
      <button class="cross" aria-label="Close the drawer" onClick=${close}><${Icon} name="close" /></button></div>
    <div id="drawer-body" role="tabpanel" aria-labelledby=${`tab-${tab}`} tabindex="0">${tab === "sent" ? html`<${Ledger} />` : html`<${Faults} />`}</div>`;
}

/** Switch people by keys, unless somebody writes: j and k, or 1 to 9. */
function useKeys() {
  useEffect(() => {
    const press = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.target.closest?.("input, textarea, select, [contenteditable], dialog, [role=dialog], [role=menu], [role=listbox]")) return;
      const all = ordered(known().people);
      const at = all.findIndex((each) => each.id === known().last);
      const to = { j: at + 1, k: at - 1 }[event.key] ?? (/^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1);
      if (!all[to]) return;
      event.preventDefault();
      play(all[to].id);
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

function App() {
  const data = useStore();
  const [front, setFront] = useState("slack");
  const [rail, setRail] = useState(false);
  const [drawer, setDrawer] = useState(() => kept("drawer", innerWidth > 1180));
  const [tab, setTab] = useState("sent");
  const [dialog, setDialog] = useState(null);
  const [step, go] = useTour();
  useKeys();
  useEffect(() => catchLinks((address) => setDialog({ kind: "link", address })), []);
  useEffect(() => lookAt(PLATFORMS.filter((each) => innerWidth > 760 || each === front)));
  useEffect(() => bring(data.people.find((each) => each.id === data.last)), [data.last]);
  const bring = (person) => {
    if (person && !person[front] && front !== "drawer") setFront(PLATFORMS.find((each) => person[each]) || front);
  };
  const picked = (person) => {
    setRail(false);
    play(person.id);
    bring(person);
  };
  const turn = (open, to) => {
    const wanted = open || tab !== to;
    setTab(to);
    setDrawer(wanted);
    keep("drawer", wanted);
  };
  const show = (key) => {
    setFront(key);
    if (key === "drawer") setDrawer(true);
  };
  const close = () => setDialog(null);
  const person = data.people.find((each) => each.id === data.last);
  const broken = data.state && (data.state.down?.length || data.state.faults?.length || data.state.bot === "down");
  return html`
    <a class="skip" href="#pane-slack">To the chats</a>
    <header class="top">
      <div class="logo"><img class="mark" src="/static/mark.svg" alt="" /><h1>Convenor playground<small>Nothing leaves this machine</small></h1></div>
      <${Clock} />
      <div class="tools">
        <button class="btn only-mid" aria-expanded=${rail ? "true" : "false"} onClick=${() => setRail(!rail)}><${Icon} name="people" /> People</button>
        <button class="btn" aria-pressed=${drawer && tab === "sent" ? "true" : "false"} onClick=${() => turn(!drawer, "sent")}><${Icon} name="sent" /> Sent</button>
        <button class=${`btn ${broken ? "danger" : ""}`} id="open-faults" aria-pressed=${drawer && tab === "faults" ? "true" : "false"} onClick=${() => turn(!drawer, "faults")}><${Icon} name="storm" /> Faults</button>
        ${step < 0 && html`<button class="btn" onClick=${() => go(0)}><${Icon} name="tour" /> Tour</button>`}
        <${Theme} />
      </div>
    </header>
    <${Timeline} />
    <${Banners} />
    <${Tour} step=${step} go=${go} show=${(pane) => setFront(pane)} />
    <main class=${`main ${drawer ? "with-drawer" : ""}`}>
      <nav onKeyDown=${(event) => event.key === "Escape" && setRail(false)} class=${`people ${front === "people" ? "front" : ""} ${rail ? "open" : ""}`} aria-labelledby="people-head">
        <${Rail} visitor=${() => setDialog({ kind: "visitor" })} join=${() => setDialog({ kind: "link", address: "" })} picked=${picked} /></nav>
      ${rail && html`<button class="veil only-mid" aria-label="Close the people" onClick=${() => setRail(false)}></button>`}
      ${PLATFORMS.map((each) => html`<${Pane} key=${each} platform=${each} front=${front === each} />`)}
      ${(drawer || front === "drawer") && html`<aside class=${`drawer ${front === "drawer" ? "front" : ""}`} aria-label="What was sent, and faults">
        <${Drawer} tab=${tab} setTab=${setTab} close=${() => { setDrawer(false); keep("drawer", false); if (front === "drawer") setFront("slack"); }} /></aside>`}
    </main>
    <${Tabs} front=${front} show=${show} />
    <${Note} />
    <p class="vh" aria-live="polite">${person ? `You are ${person.name}` : ""}</p>
    ${dialog?.kind === "visitor" && html`<${VisitorDialog} close=${close} />`}
    ${dialog?.kind === "link" && html`<${LinkDialog} address=${dialog.address} close=${close} />`}`;
}

const place = document.getElementById("app");
place.textContent = "";
render(html`<${App} />`, place);
begin();
