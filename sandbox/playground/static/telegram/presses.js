// Presses that wait for the bot, and the notes it answers with.
import { useEffect, useMemo, useRef, useState } from "../vendor/ui.js";
import { newToasts } from "./memory.js";

const PATIENCE_MS = 30000;
let count = 0;

/** Remember pressed buttons until the screen says that the bot has answered; give `[waits, press]`. */
export function usePresses(screen, chat, act, fail) {
  const [open, setOpen] = useState([]);
  const current = useRef(screen);
  current.current = screen;
  const drop = (id) => setOpen((before) => before.filter((each) => each.id !== id));

  useEffect(() => {
    if (!open.some((each) => answered(each, screen))) return;
    setOpen((before) => before.filter((each) => !answered(each, screen)));
  }, [screen, open]);

  const press = async (message, data) => {
    const id = (count += 1);
    const one = { id, message: message.id, data, chat: chat.chat, callback: "", since: current.current };
    setOpen((before) => [...before, one]);
    setTimeout(() => drop(id), PATIENCE_MS);
    try {
      const done = await act("press", { chat: chat.chat, message: message.id, button: data });
      setOpen((before) => before.map((each) => (each.id === id ? { ...each, callback: done.callback || "none" } : each)));
    } catch (error) {
      drop(id);
      fail(`Nothing was pressed. ${error.message}`);
    }
  };
  const waits = useMemo(() => {
    const found = {};
    for (const each of open) {
      if (each.chat === chat?.chat) found[each.message] = found[each.message] ? `${found[each.message]}\n${each.data}` : each.data;
    }
    return found;
  }, [open, chat?.chat]);
  return [waits, press];
}

/** Tell whether a screen that came after the press has it no longer among the open ones. */
function answered(one, screen) {
  if (!one.callback || screen === one.since) return false;
  return !screen.chats.some((chat) => chat.pending.includes(one.callback));
}

/** Gather new notes of all chats: passing ones, and alerts to be closed one by one. */
export function useNotes(screen, person) {
  const [notes, setNotes] = useState([]);
  const [alerts, setAlerts] = useState([]);
  useEffect(() => {
    const found = screen.chats.flatMap((chat) =>
      newToasts(person, chat).map((note) => ({ ...note, key: (count += 1), from: chat.title })),
    );
    if (!found.length) return;
    setNotes((before) => [...before, ...found.filter((note) => !note.alert)].slice(-5));
    setAlerts((before) => [...before, ...found.filter((note) => note.alert)]);
  }, [screen]);
  const say = (text) => setNotes((before) => [...before, { text, key: (count += 1) }].slice(-5));
  return { notes, alert: alerts[0], closeAlert: () => setAlerts((before) => before.slice(1)), say };
}
