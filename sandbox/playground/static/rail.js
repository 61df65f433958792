// The rail of people: everybody, where they are, what they have not seen, and who one plays.
import { html, useEffect, useMemo, useRef, useState } from "./vendor/ui.js";
import { Badge, Face, Icon } from "./parts.js";
import { city } from "./moments.js";
import { NAMES, PLATFORMS, unread, useStore } from "./store.js";

const GROUPS = ["Staff", "Members", "Visitors"];

/** Give people in the order of the rail, for it and for the keys. */
export function ordered(people) {
  const place = (each) => {
    const found = GROUPS.indexOf(each.group);
    return found < 0 ? GROUPS.length : found;
  };
  return people.map((each, n) => ({ each, n })).sort((a, b) => place(a.each) - place(b.each) || a.n - b.n).map(({ each }) => each);
}

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase("en");

function Person({ person, n, who, current, picked }) {
  const shown = PLATFORMS.filter((each) => who[each] === person.id);
  const fresh = unread(person);
  const about = [person.about, city(person.zone), person.language].filter(Boolean).join(" · ");
  return html`
    <li><button class="per" aria-pressed=${shown.length > 0 ? "true" : "false"} aria-current=${current ? "true" : undefined}
      data-person=${person.id} onClick=${() => picked(person)} title=${about}>
      <${Face} person=${person} />
      <span class="who"><b><bdi>${person.name}</bdi></b><small>${about}</small></span>
      <span class="badges">
        ${fresh.length > 0 && html`<i class="dot"></i><span class="vh">unread on ${fresh.map((each) => NAMES[each]).join(" and ")}</span>`}
        ${PLATFORMS.filter((each) => person[each]).map((each) => html`<${Badge} platform=${each} />`)}
        ${!person.slack && !person.telegram && html`<span class="none">no account</span>`}
      </span>
      ${n < 9 && html`<kbd aria-hidden="true">${n + 1}</kbd>`}
    </button></li>`;
}

/** Draw the rail. */
export function Rail({ visitor, join, picked }) {
  const { people, who, last } = useStore();
  const [words, setWords] = useState("");
  const box = useRef(null);
  const all = useMemo(() => ordered(people), [people]);
  const found = all.filter((each) => plain(`${each.name} ${each.id} ${each.about} ${city(each.zone)}`).includes(plain(words)));
  const groups = [...GROUPS, ""].map((name) => [name || "Others", found.filter((each) => (name ? each.group === name : !GROUPS.includes(each.group)))]);
  useEffect(() => {
    const row = box.current?.querySelector('[aria-current="true"]');
    row?.scrollIntoView({ block: "nearest" });
  }, [last]);
  return html`
    <h2 id="people-head">Who are you? <span class="soft">${people.length}</span></h2>
    <label class="find"><${Icon} name="find" /><span class="vh">Find a person</span>
      <input id="find-person" type="search" placeholder="Find a person" value=${words} autocomplete="off"
        onInput=${(event) => setWords(event.target.value)}
        onKeyDown=${(event) => event.key === "Enter" && found[0] && picked(found[0])} />
    </label>
    <div class="people-list" ref=${box}>
      ${groups.filter(([, list]) => list.length).map(([name, list]) => html`
        <h3 key=${name}>${name}</h3>
        <ul aria-label=${name}>${list.map((each) => html`<${Person} key=${each.id} person=${each} n=${all.indexOf(each)} who=${who} current=${each.id === last} picked=${picked} />`)}</ul>`)}
      ${people.length > 0 && !found.length && html`<p class="empty">Nobody is called that.</p>`}
    </div>
    <div class="rail-foot">
      <button class="btn" onClick=${visitor}>New visitor</button>
      <button class="btn" onClick=${join}>Open a link</button>
      <p class="hint"><kbd>j</kbd> <kbd>k</kbd> or <kbd>1</kbd>–<kbd>9</kbd> switch</p>
    </div>`;
}
