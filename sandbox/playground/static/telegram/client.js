// The Telegram side of the playground: a pure function of the sandbox's screen, and of what is open here.
import { html, useEffect, useMemo, useRef, useState } from "../vendor/ui.js";
import { ChatList } from "./chats.js";
import { Composer } from "./composer.js";
import { Head, Topics } from "./head.js";
import { icons } from "./icons.js";
import { Log } from "./log.js";
import { markRead, unreadOf } from "./memory.js";
import { Alert, LinkDialog, LinkForm, Toasts, Viewer } from "./notes.js";
import { useNotes, usePresses } from "./presses.js";
import { startPayload, webAddress } from "./words.js";

/** Draw the app of one person. */
export function TelegramClient(props) {
  if (!props.screen?.chats?.length) return html`<div class="tg tg-loading" aria-busy="true"><p>Loading the chats.</p></div>`;
  return html`<${App} key=${props.person.id} ...${props} />`;
}

function App({ screen, person, act, now, zone, selected, select }) {
  const [listed, setListed] = useState(false);
  const [topics, setTopics] = useState({});
  const [trouble, setTrouble] = useState("");
  const [dialog, setDialog] = useState(null);
  const [, look] = useState(0);
  const bot = screen.chats[0];
  const found = screen.chats.find((each) => each.chat === String(selected ?? "")) || bot;
  const chat = useMemo(() => ({ ...found, bot: bot.title }), [found, bot.title]);
  const { notes, alert, closeAlert, say } = useNotes(screen, person);
  const [waits, press] = usePresses(screen, chat, act, setTrouble);
  const hasTopics = chat.topics.length > 0;
  const topic = hasTopics ? topics[chat.chat] || "" : "";
  const messages = useMemo(
    () => (hasTopics ? chat.messages.filter((message) => message.thread === topic) : chat.messages),
    [chat, topic, hasTopics],
  );

  useEffect(() => {
    if (!listed && markRead(person, chat)) look((n) => n + 1);
  }, [screen, chat.chat, listed]);
  useEffect(() => setTrouble(""), [chat.chat]);

  const open = (id) => {
    select(id);
    setListed(false);
  };
  const attempt = (what, promise) => promise.catch((error) => setTrouble(`${what} ${error.message}`));
  const begin = (payload) => {
    setDialog(null);
    open(bot.chat);
    return attempt("Not started.", act("start", payload ? { payload } : {}));
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
    } catch {
      say(`Please copy it yourself: ${text}`);
    }
  };
  const sayText = (text) => act("say", { text, chat: chat.chat, ...(topic ? { thread: topic } : {}) });
  const upload = async (file) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    let raw = "";
    for (let at = 0; at < bytes.length; at += 32768) raw += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return act("upload", { chat: chat.chat, name: file.name, base64: btoa(raw), ...(topic ? { thread: topic } : {}) });
  };
  const link = (url) => {
    const payload = startPayload(url, bot.username);
    if (payload !== null) return payload || !bot.started ? begin(payload) : open(bot.chat);
    const address = webAddress(url);
    if (!address) return setTrouble("This address cannot be opened here.");
    return setDialog({ address });
  };
  // One object for all messages, so that they need not be drawn again; what it calls is of the newest drawing.
  const newest = useRef({});
  newest.current = { press, link, copy, command: (text) => attempt("Not sent.", sayText(text)), view: (file) => setDialog({ file }) };
  const does = useMemo(() => {
    const call = (name) => (...given) => newest.current[name](...given);
    return { press: call("press"), link: call("link"), copy: call("copy"), command: call("command"), view: call("view") };
  }, []);

  const others = screen.chats.reduce((sum, each) => sum + (each.chat === chat.chat ? 0 : unreadOf(person, each).length), 0);
  const acts = actsOf({ chat, act, attempt, setDialog, open, bot });
  const shared = { person, now, zone };
  const shut = () => setDialog(null);
  return html`<div class=${`tg${listed ? " tg-listed" : ""}`}>
    <div class="tg-panes" inert=${Boolean(alert || dialog)}>
      <${ChatList} ...${{ ...shared, chats: screen.chats, left: screen.left || [], current: chat.chat, select: open, join: (id) => attempt("Not joined.", act("join", { chat: id })) }} />
      <div class="tg-conv">
        <${Head} ...${{ chat, acts, others, back: () => setListed(true) }} />
        ${hasTopics ? html`<${Topics} ...${{ chat, topic, pick: (id) => setTopics({ ...topics, [chat.chat]: id }) }} />` : ""}
        <div class="tg-over"><${Toasts} notes=${notes} /></div>
        <${Log} key=${`${chat.chat} ${topic}`} ...${{ chat, messages, waits, zone, now, does, language: person.language, empty: html`<${Empty} chat=${chat} />` }} />
        ${trouble ? html`<div class="tg-trouble" role="alert"><p>${trouble}</p><button type="button" class="tg-round tg-bare" aria-label="Close this note" onClick=${() => setTrouble("")}><${icons.close} /></button></div>` : ""}
        <${Composer} ...${{ chat, draftKey: `${person.id} ${chat.chat} ${topic}`, send: sayText, upload, begin, fail: setTrouble, unblock: () => attempt("Not unblocked.", act("unblock", {})) }} />
      </div>
    </div>
    ${alert ? html`<${Alert} key=${alert.key} text=${alert.text} from=${alert.from} close=${closeAlert} />` : ""}
    ${!alert && dialog?.address ? html`<${LinkDialog} address=${dialog.address} copy=${copy} close=${shut} />` : ""}
    ${!alert && dialog?.file ? html`<${Viewer} file=${dialog.file} keep=${kept(chat, dialog.file)} close=${shut} />` : ""}
    ${!alert && dialog?.link ? html`<${LinkForm} begin=${begin} close=${shut} />` : ""}
  </div>`;
}

const kept = (chat, file) => chat.messages.some((message) => message.protect && message.file?.url === file.url);

function actsOf({ chat, act, attempt, setDialog, open, bot }) {
  const inChat = { chat: chat.chat };
  if (chat.kind === "private") {
    return [
      { name: "Open a start link", run: () => setDialog({ link: true }) },
      chat.blocked
        ? { name: "Unblock the bot", run: () => attempt("Not unblocked.", act("unblock", {})) }
        : { name: "Block the bot", danger: true, run: () => attempt("Not blocked.", act("block", {})) },
    ];
  }
  const there = chat.standing === "member" || chat.standing === "administrator";
  return [
    { name: "Write to the bot in private", run: () => open(bot.chat) },
    there
      ? { name: "Remove the bot", danger: true, run: () => attempt("Not removed.", act("leave", { ...inChat, who: "bot" })) }
      : { name: "Add the bot", run: () => attempt("Not added.", act("join", { ...inChat, who: "bot" })) },
    { name: "Leave the group", danger: true, run: () => attempt("Not left.", act("leave", inChat)) },
  ];
}

function Empty({ chat }) {
  if (chat.kind !== "private") return html`<p class="tg-empty">No messages here yet.</p>`;
  if (chat.started) return html`<p class="tg-empty">No messages yet. Write something, or open the menu.</p>`;
  return html`<div class="tg-empty">
    <b>What can this bot do?</b>
    <p dir="auto">${chat.about || "Press Start to find out. Until then it cannot write to you."}</p>
  </div>`;
}
