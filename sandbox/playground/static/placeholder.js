// A plain client for either platform: messages and buttons as text. Shown only where the real one cannot be loaded.
import { html, useState } from "./vendor/ui.js";

/** Draw the chats of a person. */
export function PlainClient({ screen, act, selected, select }) {
  const [text, setText] = useState("");
  const [bad, setBad] = useState("");
  if (!screen) return html`<p class="empty">Loading.</p>`;
  const chat = screen.chats.find((each) => each.chat === selected) || screen.chats[0];
  if (!chat) return html`<p class="empty">No chats yet.</p>`;
  const attempt = (promise) => promise.then(() => setBad(""), (error) => setBad(error.message));
  const send = (event) => {
    event.preventDefault();
    attempt(act("say", { text, ...(chat.kind === "private" ? {} : { chat: chat.chat }) }));
    setText("");
  };
  return html`
    <div class="plain-client">
      <div class="row">${screen.chats.map((each) => html`<button class="btn" aria-pressed=${each === chat ? "true" : "false"} onClick=${() => select(each.chat)}>${each.title}</button>`)}</div>
      <div class="plain-log" role="log">${chat.messages.map((each) => html`
        <article key=${each.id}><b>${each.from}</b><p dir="auto">${each.shown || each.text}</p>
          <div class="row">${each.buttons.flat().map((one) => html`<button class="btn" disabled=${!one.data}
            onClick=${() => attempt(act("press", { chat: chat.chat, message: each.id, button: one.data }))}>${one.label}</button>`)}</div></article>`)}</div>
      ${bad && html`<p class="bad" role="alert">${bad}</p>`}
      <form class="row" onSubmit=${send}><input aria-label="Message" value=${text} onInput=${(event) => setText(event.target.value)} /><button class="btn pri">Send</button></form>
    </div>`;
}
