// One message: bubble, file, text, marks and keyboard. Drawn again only when something of it changed.
import { Component, html } from "../vendor/ui.js";
import { File } from "./files.js";
import { icons } from "./icons.js";
import { Keys } from "./keys.js";
import { Formatted } from "./text.js";
import { clock, direction, hue, inFull } from "./words.js";

/** Draw a message. `named` shows who wrote it, `tail` ends a run of one writer, `far` lets the browser skip it. */
export class Bubble extends Component {
  shouldComponentUpdate(next) {
    return Object.keys(next).some((key) => next[key] !== this.props[key]);
  }

  render({ message, named, tail, far, waits, zone, language, now, username, botName, does }) {
    const own = message.who === "own";
    const author = own ? "You" : message.who === "bot" ? botName : message.from;
    const dir = direction(message.text);
    const kind = `tg-m ${own ? "tg-out" : "tg-in"}${tail ? " tg-tail" : ""}${far ? " tg-far" : ""}${message.buttons.length ? " tg-broad" : ""}`;
    return html`<article class=${kind} data-id=${message.id} aria-label=${`${author}, ${inFull(message.at, zone)}`}>
      <div class=${`tg-bub${message.protect ? " tg-kept" : ""}`} dir=${dir}>
        ${named ? html`<p class=${`tg-who tg-h${hue(message.sender)}`} dir="auto">${author}</p>` : ""}
        ${message.reply ? html`<${Answered} reply=${message.reply} />` : ""}
        ${message.file ? html`<${File} ...${{ file: message.file, zone, protect: message.protect, does }} />` : ""}
        ${message.text
          ? html`<${Formatted} ...${{ text: message.text, entities: message.entities, base: dir, zone, language, now, username, does }} />`
          : ""}
        <${Marks} ...${{ message, zone }} />
      </div>
      <${Keys} ...${{ message, waits, dir, username, does }} />
    </article>`;
  }
}

function Answered({ reply }) {
  const go = () => {
    const there = document.querySelector(`.tg [data-id="${CSS.escape(reply.id)}"]`);
    there?.scrollIntoView({ block: "center", behavior: "smooth" });
  };
  return html`<button type="button" class="tg-reply" onClick=${go}>
    <span class="vh">In answer to </span><b><bdi>${reply.by}</bdi></b><span dir="auto">${reply.text}</span>
  </button>`;
}

function Marks({ message, zone }) {
  return html`<p class="tg-marks" dir="ltr">
    ${message.protect ? html`<span class="tg-prot" title="It cannot be forwarded, copied or saved"><${icons.lock} />protected</span>` : ""}
    ${message.silent ? html`<span title="Sent without a sound"><${icons.mute} /><span class="vh">sent without a sound</span></span>` : ""}
    ${message.edited ? html`<span>edited</span>` : ""}
    <time datetime=${message.at} title=${inFull(message.at, zone)}>${clock(message.at, zone)}</time>
  </p>`;
}
