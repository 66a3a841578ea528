// Building DOM nodes without ever parsing text as HTML: text stays text, links are checked, lists are matched by key.

const SAFE_LINK = /^(https?|mailto|tel):/i;

/** An element. `props`: class, data (dataset), on (listeners), style (custom properties); all others are attributes. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "data")
      Object.entries(value).forEach(([key, text]) => {
        if (text != null) node.dataset[key] = text;
      });
    else if (name === "on")
      Object.entries(value).forEach(([event, listener]) => node.addEventListener(event, listener));
    else if (name === "style") Object.entries(value).forEach(([key, text]) => node.style.setProperty(key, text));
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A link in a new tab when its scheme is harmless, otherwise the bare label. */
export function link(url, ...label) {
  const shown = label.length ? label : [url];
  if (!SAFE_LINK.test(url)) return h("span", { class: "dead-link", title: url }, shown);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, shown);
}

/** Plain text with its http(s) addresses as links; line breaks are the style sheet's business. */
export function linkify(text) {
  return text
    .split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])/)
    .map((part, index) => (index % 2 ? link(part, shorten(part)) : part));
}

function shorten(url) {
  const bare = url.replace(/^https?:\/\//, "");
  return bare.length > 44 ? `${bare.slice(0, 30)}…${bare.slice(-10)}` : bare;
}

/**
 * Make the children of `list` those of `items`, rebuilding only what changed.
 * `key(item)` names an item, `build(item, known, changed)` draws it; while its `stamp` stays, an item keeps its node.
 */
export function keyed(list, items, key, build, stamp = JSON.stringify) {
  const known = list.nodesByKey ?? (list.nodesByKey = new Map());
  const next = new Map();
  const nodes = items.map((item) => {
    const name = key(item);
    const [mark, content] = [stamp(item), JSON.stringify(item)];
    const old = known.get(name);
    const entry =
      old && old.mark === mark
        ? old
        : { mark, content, node: build(item, Boolean(old), old && old.content !== content) };
    next.set(name, entry);
    return entry.node;
  });
  list.nodesByKey = next;
  if (nodes.length === list.childNodes.length && nodes.every((node, index) => node === list.childNodes[index])) return;
  list.replaceChildren(...nodes);
}

/** Run `change`, and stay at the end of a scrolling list while the reader is there, also when its size changes. */
export function keepAtEnd(scroller, change, force = false) {
  if (scroller.atEnd === undefined) {
    scroller.lastTop = 0;
    const toEnd = () => {
      if (scroller.atEnd) scroller.scrollTop = scroller.scrollHeight;
    };
    scroller.addEventListener("scroll", () => {
      const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
      // Growing content also leaves a distance; only a reader who scrolls up has left the end.
      scroller.atEnd = left < 60 || (scroller.atEnd && scroller.scrollTop >= scroller.lastTop);
      scroller.lastTop = scroller.scrollTop;
    });
    new ResizeObserver(toEnd).observe(scroller);
  }
  if (force || scroller.atEnd === undefined) scroller.atEnd = true;
  change();
  if (scroller.atEnd) scroller.scrollTop = scroller.scrollHeight;
}

/** The two letters and the colour that stand for a person or a chat. */
export function avatar(name, extra = "") {
  const words = name
    .replace(/[^\p{L}\p{N} ]/gu, " ")
    .trim()
    .split(/\s+/);
  const letters = words.length > 1 ? words[0].slice(0, 1) + words.at(-1).slice(0, 1) : (words[0] ?? "?").slice(0, 2);
  let hue = 7;
  for (const char of name) hue = (hue * 31 + char.codePointAt(0)) % 360;
  return h("span", { class: `avatar ${extra}`, style: { "--hue": hue }, "aria-hidden": "true" }, letters);
}

/** The product's own avatar: its bell. */
export const bell = (extra = "") => h("img", { class: `avatar ${extra}`, src: "/static/icon.svg", alt: "" });

/** A one-line composer: Enter sends, and the text stays when the send is refused. */
export function composer({ testid, placeholder, send }) {
  const input = h("input", {
    type: "text",
    placeholder,
    "aria-label": placeholder,
    data: { testid },
    autocomplete: "off",
    enterkeyhint: "send",
  });
  const button = h(
    "button",
    { class: "send", type: "submit", "aria-label": "Send", data: { testid: `${testid}-send` } },
    "➤",
  );
  const form = h("form", { class: "composer" }, input, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    if (!(await send(text))) input.value ||= text;
  });
  return { form, input };
}

export const clockText = (seconds, options = { hour: "2-digit", minute: "2-digit" }) =>
  new Date(seconds * 1000).toLocaleTimeString([], { hour12: false, ...options });
