// Talk to the sandbox: JSON calls, and the live socket that says when something changed.

/** Read JSON; throws Error with the sandbox's sentence. */
export async function get(path) {
  return read(await reach(path, { headers: { Accept: "application/json" } }));
}

/** Send JSON; throws Error with the sandbox's sentence. */
export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return read(await reach(path, { method: "POST", headers, body: JSON.stringify(body || {}) }));
}

/** Delete; throws Error with the sandbox's sentence. */
export async function remove(path) {
  return read(await reach(path, { method: "DELETE" }));
}

async function reach(path, options) {
  try {
    return await fetch(`/control/${path}`, options);
  } catch {
    throw new Error("The sandbox does not answer. Is the demo still running?");
  }
}

async function read(answer) {
  let found = null;
  try {
    found = await answer.json();
  } catch {
    throw new Error(`The sandbox gave an answer that cannot be read (${answer.status}).`);
  }
  if (!answer.ok) throw new Error(sentence(found && found.error) || `The sandbox refused (${answer.status}).`);
  return found;
}

/** Make a sentence of the sandbox's words: a capital in front, a full stop behind. */
export function sentence(words) {
  const text = String(words || "").trim();
  if (!text) return "";
  return text[0].toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".");
}

const PING_MS = 8000;
const SILENCE_MS = 20000;
const WAITS_MS = [250, 500, 1000, 2000, 4000];

/** Keep a live socket open for as long as the page lives; `told(state)` and `connected(yes)` are called as it goes. */
export class Live {
  constructor(told, connected) {
    this.told = told;
    this.connected = connected;
    this.tries = 0;
    this.heard = 0;
    this.open();
    setInterval(() => this.watch(), PING_MS);
    addEventListener("online", () => this.again());
    document.addEventListener("visibilitychange", () => document.hidden || this.again());
  }

  open() {
    clearTimeout(this.timer);
    this.timer = 0;
    const socket = new WebSocket(`ws://${location.host}/control/live`);
    this.socket = socket;
    socket.onopen = () => {
      this.tries = 0;
      this.heard = Date.now();
      this.connected(true);
    };
    socket.onmessage = (event) => {
      this.heard = Date.now();
      const message = JSON.parse(event.data);
      if (message.type === "state") this.told(message);
    };
    socket.onclose = () => this.lost(socket);
  }

  lost(socket) {
    if (socket !== this.socket) return;
    this.connected(false);
    const wait = WAITS_MS[Math.min(this.tries, WAITS_MS.length - 1)];
    this.tries += 1;
    this.timer = setTimeout(() => this.open(), wait);
  }

  again() {
    if (this.timer) this.open();
  }

  watch() {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (Date.now() - this.heard > SILENCE_MS) {
      const dead = this.socket;
      dead.onclose = null;
      dead.close();
      this.lost(dead);
    } else {
      this.socket.send("ping");
    }
  }
}

/** Run `work` soon, gathering calls; while it runs, one more run is kept in mind. */
export function gathered(work, milliseconds) {
  let timer = 0;
  let busy = false;
  let again = false;
  const run = async () => {
    timer = 0;
    busy = true;
    try {
      await work();
    } finally {
      busy = false;
      if (again) {
        again = false;
        ask();
      }
    }
  };
  const ask = () => {
    if (busy) again = true;
    else if (!timer) timer = setTimeout(run, milliseconds);
  };
  return ask;
}
