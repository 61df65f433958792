// Switches for what can go wrong, and what the bot makes of it.
import { html, useState } from "./vendor/ui.js";
import { NAMES, doing, known, play, set, say, shownOn, useStore } from "./store.js";
import { post, remove } from "./api.js";
import { Badge, counted } from "./parts.js";

const STORM = 12;
const STORM_METHODS = { slack: ["chat.postMessage", "chat.update"], telegram: ["sendMessage", "editMessageText"] };

async function outage(platform, down) {
  if (await doing(() => post("outage", { platform, down }))) {
    say(down ? `${NAMES[platform]} is down. Nothing reaches it; what is due waits.` : `${NAMES[platform]} is back. What waited is sent once.`);
  }
}

async function storm() {
  await doing(async () => {
    for (const [platform, methods] of Object.entries(STORM_METHODS)) {
      for (const method of methods) await post("faults", { platform, method, action: "429", count: STORM, retry_after: 2 });
    }
    say(`The next ${STORM} messages and edits of each kind are told to wait 2 seconds. Each is sent once in the end.`);
  });
}

const calm = (faults) => doing(() => Promise.all(faults.filter((each) => each.action === "429").map((each) => remove(`faults/${each.id}`))));

async function bot(action) {
  const { state } = known();
  if (action === "start") set({ state: { ...state, bot: "starting" } });
  const done = await doing(() => post("bot", { action }));
  set({ state: { ...known().state, bot: done ? done.state : state.bot } });
  if (done) {
    say(action === "start" ? "The bot runs again and takes up what it left." : "The bot was killed without warning. What people press now waits for it.");
  }
}

function Switch({ id, on, words, hint, change, disabled, children }) {
  return html`
    <div class="switch-row">
      <button id=${id} class="switch" role="switch" aria-checked=${on ? "true" : "false"} disabled=${disabled} aria-describedby=${`${id}-hint`} onClick=${() => change(!on)}>
        <span class="knob" aria-hidden="true"></span><span>${words}${children}</span></button>
      <p class="hint" id=${`${id}-hint`}>${hint}</p>
    </div>`;
}

function Blocking() {
  const { people, last, screens } = useStore();
  const person = people.find((each) => each.id === last && each.telegram) || shownOn("telegram");
  const [told, setTold] = useState({});
  if (!person) return null;
  const screen = screens.telegram?.person === person.id ? screens.telegram.data : null;
  const seen = screen?.blocked ?? screen?.chats?.find((each) => each.kind === "private")?.blocked;
  const blocked = seen === undefined ? Boolean(told[person.id]) : Boolean(seen);
  const change = async (on) => {
    if (!(await doing(() => post(on ? "block" : "unblock", { person: person.id, platform: "telegram" })))) return;
    setTold({ ...told, [person.id]: on });
    if (known().who.telegram !== person.id) play(person.id);
    say(on ? `${person.name} blocked the bot. Their account counts as unreachable; nobody is written to twice.` : `${person.name} can be written to again.`);
  };
  return html`<${Switch} id="fault-block" on=${blocked} change=${change} words=${html`<bdi>${person.name}</bdi> blocks the bot`}
    hint="On Telegram. Choose another person in the rail to block for them."> <${Badge} platform="telegram" /></${Switch}>`;
}

/** Draw the switches. */
export function Faults() {
  const { state, connected } = useStore();
  const down = state?.down || [];
  const faults = state?.faults || [];
  const storms = faults.filter((each) => each.action === "429");
  const waits = storms.reduce((sum, each) => sum + each.count, 0);
  const runs = state?.bot || "";
  return html`
    <p class="lead">Break something, then watch the bot recover. Nothing may get lost or arrive twice.</p>
    ${["telegram", "slack"].map((each) => html`
      <${Switch} key=${each} id=${`fault-${each}`} on=${down.includes(each)} disabled=${!connected} change=${(on) => outage(each, on)}
        words=${`${NAMES[each]} is down`} hint="The bot cannot connect to it. People's presses wait too."> <${Badge} platform=${each} quiet /></${Switch}>`)}
    <${Switch} id="fault-storm" on=${storms.length > 0} disabled=${!connected} change=${(on) => (on ? storm() : calm(faults))} words="429 storm"
      hint=${waits ? `${counted(waits, "answer")} “slow down” left to give.` : "Both platforms answer “slow down” for a while."} />
    <${Blocking} />
    <div class="botbox" role="status">
      <p><b>${{ up: "The bot runs.", down: "The bot is down.", starting: "The bot is starting." }[runs] || "This page did not start the bot."}</b>
        ${runs === "down" && " Press, write, move the clock: it catches up when it starts."}</p>
      ${runs && html`<div class="row">
        <button id="bot-kill" class="btn danger" disabled=${runs !== "up"} onClick=${() => bot("kill")}>Kill the bot</button>
        <button id="bot-start" class="btn pri" disabled=${runs !== "down"} onClick=${() => bot("start")}>Start the bot</button></div>`}
    </div>
    ${faults.filter((each) => each.action !== "429").length > 0 && html`<h3>Other faults under way</h3>
      <ul class="plain">${faults.filter((each) => each.action !== "429").map((each) => html`<li>${each.action} on ${each.platform || "both"} ${each.method} (${each.count === null ? "until lifted" : `${each.count} left`})</li>`)}</ul>`}
    <p class="hint"><a href="/control/faults" target="_blank" rel="noopener">All faults as JSON</a></p>`;
}

