// Telegram's formatted text as DOM nodes, from `entities`: their offsets count UTF-16 units, as JavaScript strings do.
// https://core.telegram.org/bots/api#messageentity

import { h, link } from "./dom.js";

const NESTING = [
  "blockquote",
  "expandable_blockquote",
  "pre",
  "text_link",
  "url",
  "text_mention",
  "mention",
  "hashtag",
  "bot_command",
  "email",
  "phone_number",
  "bold",
  "italic",
  "underline",
  "strikethrough",
  "spoiler",
  "code",
];

const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre" };

/** Nodes for `text` with its entities; entities nest properly, as the Bot API promises. */
export function formatted(text, entities = []) {
  const order = (entity) => NESTING.indexOf(entity.type);
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length || order(a) - order(b));
  return range(text, sorted, 0, text.length);
}

function range(text, entities, from, to) {
  const out = [];
  let at = from;
  while (entities.length && entities[0].offset < to) {
    const [entity, ...rest] = entities;
    const end = Math.min(entity.offset + entity.length, to);
    if (entity.offset > at) out.push(text.slice(at, entity.offset));
    const inside = rest.filter((one) => one.offset < end);
    out.push(wrap(entity, range(text, inside, entity.offset, end), text.slice(entity.offset, end)));
    at = end;
    entities = rest.filter((one) => one.offset >= end);
  }
  if (at < to) out.push(text.slice(at, to));
  return out;
}

function wrap(entity, inner, raw) {
  if (TAGS[entity.type]) return h(TAGS[entity.type], {}, inner);
  switch (entity.type) {
    case "text_link":
      return entity.url.startsWith("tg://user") ? h("span", { class: "mention" }, inner) : link(entity.url, inner);
    case "url":
      return link(/^https?:/.test(raw) ? raw : `https://${raw}`, inner);
    case "email":
      return link(`mailto:${raw}`, inner);
    case "phone_number":
      return link(`tel:${raw}`, inner);
    case "spoiler":
      return h(
        "span",
        { class: "spoiler", on: { click: (event) => event.currentTarget.classList.add("open") } },
        inner,
      );
    case "blockquote":
      return h("blockquote", {}, inner);
    case "expandable_blockquote":
      return expandable(inner);
    case "custom_emoji":
    case "cashtag":
    case "bank_card":
      return h("span", {}, inner);
    default:
      return h("span", { class: "mention" }, inner);
  }
}

/** Three lines, and the rest at a press. */
function expandable(inner) {
  const node = h(
    "blockquote",
    {
      class: "expandable",
      tabindex: "0",
      role: "button",
      "aria-expanded": "false",
      data: { testid: "telegram-quote" },
    },
    inner,
  );
  const toggle = () => node.setAttribute("aria-expanded", String(node.classList.toggle("open")));
  node.addEventListener("click", (event) => {
    if (!event.target.closest("a")) toggle();
  });
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter") toggle();
  });
  return node;
}
