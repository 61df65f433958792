// One window over the page: focus goes in, stays in, and comes back.
import { html, useEffect, useRef } from "./vendor/ui.js";
import { Icon } from "./parts.js";

/** Draw a window; Escape and the cross close it. */
export function Dialog({ title, close, children }) {
  const box = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    box.current.showModal();
    box.current.querySelector("[autofocus], input, select, button:not(.cross)")?.focus();
    return () => before?.focus?.();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    close();
  };
  return html`
    <dialog class="win" ref=${box} aria-label=${title} onCancel=${cancel} onClick=${(event) => event.target === box.current && close()}>
      <div class="win-in">
        <header><h2>${title}</h2><button class="cross" aria-label="Close" onClick=${close}><${Icon} name="close" /></button></header>
        ${children}
      </div>
    </dialog>`;
}
