// Six steps through a meeting's life; skippable, and remembered for this tab.
import { html, useEffect, useRef, useState } from "./vendor/ui.js";
import { act, doing, keep, kept, known, now, play, say, select, shownOn, useStore } from "./store.js";
import { post } from "./api.js";
import { Icon } from "./parts.js";

const who = (id, platform) => known().people.find((each) => each.id === id && each[platform]) || null;
const organiser = () => who("o01", "slack") || known().people.find((each) => each.group === "Staff" && each.slack);
const answerer = () => who("m15", "telegram") || shownOn("telegram");

async function write(text) {
  const person = organiser();
  if (!person) return say("Nobody of the staff is on Slack here.");
  play(person.id);
  const done = await doing(() => act("slack", "say", { text }));
  if (done?.chat) select("slack", person.id, done.chat);
  return null;
}

/** Go to the first planned row of a kind; false if there is none. */
async function to(kind, words) {
  const row = known().planned.rows.find((each) => each.kind === kind && Date.parse(each.at) > now() && each.slack + each.telegram > 0);
  if (!row) return say(words);
  return doing(() => post("clock", { now: row.at }));
}

const STEPS = [
  {
    title: "Invite",
    text: "Olivia is an organiser on Slack. M6 has been announced; twelve people have not answered yet. She asks the bot to write to them. It shows who gets what before anything is sent: press “Send to 12” in the Slack pane.",
    does: [["Write /cop meeting nudge M6 as Olivia", () => write("/cop meeting nudge M6")]],
    show: "slack",
  },
  {
    title: "Answer on the other platform",
    text: "After two minutes for Undo the messages go out, each at ten in the morning of its reader's zone. A day later everybody has theirs: be Tahmina in Dhaka on Telegram and press Yes. Olivia's counts on Slack change with it.",
    does: [["One day on", () => doing(() => post("clock", { advance: 86400 }))], ["Be Tahmina", () => answerer() && play(answerer().id)]],
    show: "telegram",
  },
  {
    title: "Remind",
    text: "One week before, one day before and one hour before, those who said yes are reminded at ten o'clock of their own zone. The line at the top shows each stop; press one to go there.",
    does: [["Go to the first reminder", () => to("reminder_7d", "This reminder is over. The line at the top shows what comes.")]],
    show: "telegram",
  },
  {
    title: "Feedback",
    text: "After the meeting everybody who took part gets a few questions, as a form on Slack and one by one on Telegram. Answers are kept without a name.",
    does: [["Go to the questions", () => to("feedback_request", "The questions have gone out. Look for them in the chats.")]],
    show: "slack",
  },
  {
    title: "Memo",
    text: "The memo of a meeting, its approval and its reading receipts come in a later version. When they are there, this step shows them.",
    does: [],
    show: "",
  },
  {
    title: "Results",
    text: "Olivia asks how it went: who came, and what they thought, as totals only. “Sent” on the right counts every message: planned, sent, and none twice.",
    does: [["Ask for the status of M6", () => write("/cop meeting status M6")], ["Look at feedback", () => write("/cop feedback M6")]],
    show: "slack",
  },
];

/** Keep where the tour stands: a step's number, or -1 when it is over or skipped. */
export function useTour() {
  const [step, setStep] = useState(() => kept("tour", 0));
  const go = (n) => {
    keep("tour", n);
    setStep(n);
  };
  return [step, go];
}

/** Draw the tour's card; `show(pane)` brings a pane to the front on a phone. */
export function Tour({ step, go, show }) {
  const { state } = useStore();
  const [busy, setBusy] = useState(false);
  const [folded, fold] = useState(false);
  const head = useRef(null);
  const first = useRef(true);
  useEffect(() => {
    fold(false);
    if (!first.current) head.current?.focus({ preventScroll: true });
    first.current = false;
  }, [step]);
  const here = STEPS[step];
  if (!here || !state) return null;
  const last = step === STEPS.length - 1;
  const run = async (work) => {
    setBusy(true);
    if (here.show) show(here.show);
    try {
      await work();
    } finally {
      setBusy(false);
      if (innerWidth <= 760) fold(true);
    }
  };
  return html`
    <aside class=${`tour ${folded ? "folded" : ""}`} aria-label="Guided tour">
      <div class="tour-title"><p class="soft">Step ${step + 1} of ${STEPS.length}</p><h2 tabindex="-1" ref=${head}>${here.title}</h2>
        <button class="cross" aria-expanded=${folded ? "false" : "true"} aria-label=${folded ? "Unfold the tour" : "Fold the tour"} onClick=${() => fold(!folded)}><${Icon} name=${folded ? "down" : "up"} /></button></div>
      ${!folded && html`
        <p class="tour-text">${here.text}</p>
        <div class="tour-does">
          ${here.does.map(([words, work]) => html`<button class="btn do" disabled=${busy || state.bot === "starting"} onClick=${() => run(work)}>${words}</button>`)}
          <span class="tour-go">
            ${step > 0 && html`<button class="btn" onClick=${() => go(step - 1)}>Back</button>`}
            <button class="btn" onClick=${() => go(-1)}>${last ? "Close" : "Skip"}</button>
            ${!last && html`<button class="btn pri" onClick=${() => go(step + 1)}>Next</button>`}</span>
        </div>`}
    </aside>`;
}
