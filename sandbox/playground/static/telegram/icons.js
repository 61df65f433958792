// Line icons, drawn here; each is decoration beside a word or a name.
import { html } from "../vendor/ui.js";

const icon = (name, ...paths) => ({ [name]: () => html`<svg class="tg-i" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${paths.map((d) => html`<path d=${d} />`)}</svg>` });

export const icons = {
  ...icon("menu", "M4 7h16M4 12h16M4 17h16"),
  ...icon("send", "M4 12 20 4l-6 16-3-6z"),
  ...icon("more", "M12 5v.5M12 12v.5M12 19v.5"),
  ...icon("back", "M15 5l-7 7 7 7"),
  ...icon("down", "M12 5v13m-6-6 6 6 6-6"),
  ...icon("lock", "M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3"),
  ...icon("mute", "M6 16V11a6 6 0 0 1 9-5M18 11v5l2 2H8M10 21h4M4 4l16 16"),
  ...icon("link", "M7 17 17 7M9 7h8v8"),
  ...icon("copy", "M9 9h11v11H9zM5 15H4V4h11v1"),
  ...icon("save", "M12 4v11m-5-5 5 5 5-5M4 20h16"),
  ...icon("file", "M6 3h9l4 4v14H6zM14 3v5h5"),
  ...icon("attach", "M20 11l-8.500 8.500a5 5 0 0 1-7-7L13 4a3.300 3.300 0 0 1 4.700 4.700l-8.500 8.500a1.700 1.700 0 0 1-2.400-2.400L14 7.600"),
  ...icon("close", "M5 5l14 14M19 5 5 19"),
  ...icon("slash", "M15 4 9 20M4 4h16v16H4z"),
};
