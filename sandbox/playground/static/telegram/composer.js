// Where a person writes: text, commands with completion, the command menu, files; or Start, or Unblock.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/ui.js";
import { icons } from "./icons.js";
import { draftOf, keepDraft } from "./memory.js";

const TALLEST = 180;
const LIMIT = 4096;
const NEAR_LIMIT = 3900;
const FILE_MAX = 20 * 1048576;

/** Draw the composer of a chat. `draftKey` names the draft, `send(text)` and `upload(file)` give promises. */
export function Composer({ chat, draftKey, send, upload, begin, unblock, fail }) {
  if (chat.kind === "private" && chat.blocked) {
    return html`<div class="tg-bar tg-one"><p>You have blocked this bot.</p><button type="button" class="tg-start" onClick=${unblock}>Unblock</button></div>`;
  }
  if (chat.kind === "private" && !chat.started) {
    return html`<div class="tg-bar tg-one"><button type="button" class="tg-start" onClick=${() => begin("")}>Start</button></div>`;
  }
  if (chat.kind === "channel" && !chat.admin) return html`<div class="tg-bar tg-one"><p>Only administrators write here.</p></div>`;
  return html`<${Writing} key=${draftKey} ...${{ chat, draftKey, send, upload, fail }} />`;
}

function Writing({ chat, draftKey, send, upload, fail }) {
  const [text, setText] = useState(draftOf(draftKey));
  const [menu, setMenu] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const [closed, setClosed] = useState(false);
  const area = useRef(null);
  const file = useRef(null);
  const typed = /^\/(\w*)$/.exec(text);
  const offered = useMemo(
    () => (typed && !closed ? chat.commands.filter((each) => each.command.startsWith(typed[1].toLowerCase())) : []),
    [text, closed, chat.commands],
  );

  useLayoutEffect(() => {
    const box = area.current;
    box.style.height = "";
    if (box.scrollHeight > box.clientHeight) box.style.height = `${Math.min(box.scrollHeight, TALLEST)}px`;
  }, [text]);

  const write = (words) => {
    setText(words);
    keepDraft(draftKey, words);
    setChosen(-1);
    setClosed(false);
  };
  const say = async (words) => {
    if (!words.trim()) return;
    if (words.length > LIMIT) {
      fail(`Not sent. A message has at most ${LIMIT} characters, this one has ${words.length}.`);
      return;
    }
    const typing = words === text;
    if (typing) write("");
    setMenu(false);
    area.current?.focus();
    try {
      await send(words);
    } catch (error) {
      fail(`Not sent. ${error.message}`);
      if (typing && !draftOf(draftKey)) {
        keepDraft(draftKey, words);
        if (area.current) setText(words);
      }
    }
  };
  const sayCommand = (command) => {
    if (offered.length) write("");
    say(`/${command}${chat.kind === "private" ? "" : `@${chat.username}`}`);
  };
  const keyed = (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (chosen >= 0 && offered[chosen]) sayCommand(offered[chosen].command);
      else say(text);
    } else if (offered.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setChosen((chosen + step + offered.length + (chosen < 0 && step < 0 ? 1 : 0)) % offered.length);
    } else if (offered.length && event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      write(`/${offered[Math.max(chosen, 0)].command}`);
      setClosed(true);
    } else if (event.key === "Escape" && (offered.length || menu)) {
      event.stopPropagation();
      setClosed(true);
      setMenu(false);
    }
  };
  const picked = async (event) => {
    const given = event.target.files[0];
    event.target.value = "";
    if (!given) return;
    if (given.size > FILE_MAX) return fail("Not sent. The demo takes files of at most 20 MB.");
    try {
      await upload(given);
    } catch (error) {
      fail(`Not sent. ${error.message}`);
    }
  };
  const long = text.length > NEAR_LIMIT;

  return html`<div class="tg-bar">
    ${menu ? html`<${Commands} ...${{ chat, pick: sayCommand, close: () => setMenu(false) }} />` : ""}
    ${offered.length
      ? html`<ul class="tg-commands" id="tg-offered" role="listbox" aria-label="Commands">
          ${offered.map((each, n) => html`<li key=${each.command} id=${`tg-offer-${n}`} role="option" aria-selected=${String(n === chosen)}
            ref=${(node) => n === chosen && node?.scrollIntoView({ block: "nearest" })}
            onMouseDown=${(event) => event.preventDefault()} onClick=${() => sayCommand(each.command)}>
            <b dir="ltr">/${each.command}</b><span dir="auto">${each.description}</span></li>`)}
        </ul>`
      : ""}
    ${chat.commands.length
      ? html`<button type="button" class="tg-menu" aria-expanded=${String(menu)} aria-haspopup="true" onClick=${() => setMenu(!menu)}><${icons.menu} /><span>Menu</span></button>`
      : ""}
    <textarea ref=${area} rows="1" dir="auto" value=${text} placeholder="Message" aria-label=${`Message to ${chat.title}`}
      aria-autocomplete="list" aria-controls=${offered.length ? "tg-offered" : undefined}
      aria-activedescendant=${chosen >= 0 && offered.length ? `tg-offer-${chosen}` : undefined}
      onInput=${(event) => write(event.target.value)} onKeyDown=${keyed}></textarea>
    ${long ? html`<small class=${text.length > LIMIT ? "tg-count tg-toomany" : "tg-count"}>${text.length} of ${LIMIT}</small>` : ""}
    <input type="file" class="vh" tabindex="-1" aria-hidden="true" ref=${file} onChange=${picked} />
    <button type="button" class="tg-round tg-bare" aria-label="Send a file" onClick=${() => file.current.click()}><${icons.attach} /></button>
    <button type="button" class="tg-round" aria-label="Send" aria-disabled=${text.trim() ? undefined : "true"} onClick=${() => say(text)}><${icons.send} /></button>
  </div>`;
}

/** Show the command menu as the bot set it for this person's language. */
function Commands({ chat, pick, close }) {
  const box = useRef(null);
  useEffect(() => {
    box.current.querySelector("button")?.focus();
    const away = (event) => !box.current?.parentElement.contains(event.target) && close();
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, []);
  return html`<ul class="tg-commands" role="menu" aria-label="Commands of the bot" ref=${box} onKeyDown=${(event) => walk(event, box.current, close)}>
    ${chat.commands.map((each) => html`<li role="none" key=${each.command}>
      <button type="button" role="menuitem" onClick=${() => pick(each.command)}><b dir="ltr">/${each.command}</b><span dir="auto">${each.description}</span></button>
    </li>`)}
  </ul>`;
}

/** Move between the buttons of a menu with the arrow keys; Escape closes it. */
export function walk(event, box, close) {
  const stops = [...box.querySelectorAll("button")];
  const at = stops.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: stops.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    stops[(to + stops.length) % stops.length]?.focus();
  } else if (event.key === "Escape") {
    event.stopPropagation();
    close();
    box.parentElement?.querySelector("[aria-haspopup]")?.focus();
  } else if (event.key === "Tab") close();
}
