// Where a person writes: text, /cop with its words, files. Enter sends, Shift and Enter begins a line.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/ui.js";
import { suggestions } from "./commands.js";
import { recall, remember } from "./memory.js";
import { icon } from "./icons.js";

const HEIGHT_MAX = 160;
export const FILE_MAX = 30_000_000;
export const TOO_LARGE = "That file is too large for the playground; 30 MB fit.";

/** Draw the composer of a chat or thread; `where` is `{chat, thread}` as the sandbox wants it. */
export function Composer({ name, label, where, act, command, files, autofocus, id }) {
  const [text, setText] = useState(() => recall(name, ""));
  const [at, setAt] = useState(-1);
  const [shut, setShut] = useState(false);
  const [said, setSaid] = useState("");
  const box = useRef(null);
  const offered = shut || where.thread ? [] : suggestions(text, command);
  const list = `${id}-words`;
  useEffect(() => {
    setText(recall(name, ""));
    setSaid("");
    if (autofocus) box.current.focus();
  }, [name]);
  useLayoutEffect(() => {
    box.current.style.height = "auto";
    box.current.style.height = `${Math.min(box.current.scrollHeight + 2, HEIGHT_MAX)}px`;
  }, [text]);
  useEffect(() => {
    if (at >= 0) document.getElementById(`${list}-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const write = (words) => {
    setText(words);
    remember(name, words);
    setAt(-1);
    setShut(false);
    setSaid("");
  };
  const take = ({ words, argument }) => {
    write(`${command} ${words}${argument ? " " : ""}`);
    box.current.focus();
  };
  const send = async () => {
    if (!text.trim()) return;
    const words = text;
    write("");
    try {
      const done = await act("say", { ...where, text: words });
      if (done.error) setSaid(`${done.error}.`);
    } catch (error) {
      if (!recall(name, "")) write(words);
      setSaid(error.message);
    }
  };
  const keyed = (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (offered.length && step) {
      event.preventDefault();
      setAt((at + step + offered.length + (at < 0 && step < 0 ? 1 : 0)) % offered.length);
    } else if (offered.length && event.key === "Escape") {
      event.preventDefault();
      setShut(true);
    } else if (offered.length && event.key === "Tab" && !event.shiftKey && text.length > 1) {
      event.preventDefault();
      take(offered[Math.max(at, 0)]);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (at >= 0 && offered[at]) take(offered[at]);
      else send();
    }
  };
  const upload = async (event) => {
    const file = event.target.files[0];
    event.target.value = "";
    if (!file) return;
    if (file.size > FILE_MAX) return setSaid(TOO_LARGE);
    try {
      await act("upload", { ...where, name: file.name, base64: await encoded(file) });
    } catch (error) {
      setSaid(error.message);
    }
  };
  return html`<div class="sl-comp">
    ${offered.length > 0 && html`<div class="sl-words-list" role="listbox" tabindex="0" id=${list} aria-label="Words of ${command}">
      ${offered.map((each, index) => html`<div role="option" id=${`${list}-${index}`} key=${each.words} aria-selected=${index === at}
        onMouseDown=${(event) => event.preventDefault()} onClick=${() => take(each)}>
        <b>${command} ${each.words}${each.argument && html` <i>${each.argument}</i>`}</b><span>${each.about}</span></div>`)}
    </div>`}
    ${said && html`<p class="sl-wrong" role="alert">${said}</p>`}
    <div class="sl-write">
      ${files && html`<label class="sl-icon" title="Send a file">${icon("clip")}<span class="sl-vh">Send a file</span>
        <input class="sl-vh" type="file" onChange=${upload} /></label>`}
      <textarea rows="1" dir="auto" ref=${box} aria-label=${label} placeholder=${`${label}${where.thread ? "" : `, or ${command}`}`} value=${text}
        aria-autocomplete="list" aria-controls=${offered.length ? list : undefined} aria-activedescendant=${at >= 0 ? `${list}-${at}` : undefined}
        onInput=${(event) => write(event.target.value)} onKeyDown=${keyed}></textarea>
      <button type="button" class="sl-icon send" aria-label="Send" aria-disabled=${!text.trim()} onClick=${send}>${icon("send")}</button>
    </div>
    <span class="sl-vh" role="status">${offered.length && text.length > 1 ? `${offered.length} words fit; arrow keys to choose, Tab to take` : ""}</span>
  </div>`;
}

/** Read a file for the sandbox. */
export function encoded(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] || "");
    reader.onerror = () => reject(new Error("That file could not be read."));
    reader.readAsDataURL(file);
  });
}
