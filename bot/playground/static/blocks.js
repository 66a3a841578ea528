// Block Kit as DOM nodes: https://docs.slack.dev/reference/block-kit/blocks
// `context` carries what a block needs from its message: names, act(action), confirm(dialog); for modals the entries.

import { h, link } from "./dom.js";
import { mrkdwn, plain } from "./mrkdwn.js";

const text = (object, names) => (object.type === "mrkdwn" ? mrkdwn(object.text, names) : plain(object.text));

/** Inputs of several choices, each with a label of its own: a label around them all would press the first. */
const CHOICES = new Set(["checkboxes", "radio_buttons", "multi_static_select", "multi_users_select"]);

const BLOCKS = {
  header: (block) => h("h3", { class: "b-header" }, plain(block.text.text)),
  section: (block, context) =>
    h(
      "div",
      { class: "b-section" },
      h(
        "div",
        { class: "b-body" },
        block.text && h("div", { class: "b-text" }, text(block.text, context.names)),
        block.fields &&
          h(
            "div",
            { class: "b-fields" },
            block.fields.map((field) => h("div", {}, text(field, context.names))),
          ),
      ),
      block.accessory && h("div", { class: "b-accessory" }, element(block.accessory, block, context)),
    ),
  context: (block, context) =>
    h(
      "div",
      { class: "b-context" },
      block.elements.map((item) => (item.type === "image" ? picture(item) : h("span", {}, text(item, context.names)))),
    ),
  divider: () => h("hr"),
  actions: (block, context) =>
    h(
      "div",
      { class: "b-actions" },
      block.elements.map((item) => element(item, block, context)),
    ),
  image: (block) => picture(block),
  markdown: (block, context) => h("div", { class: "b-text" }, mrkdwn(block.text, context.names)),
  rich_text: (block, context) =>
    h(
      "div",
      { class: "b-text" },
      block.elements.map((item) => rich(item, context)),
    ),
  input: (block, context) =>
    h(
      CHOICES.has(block.element.type) ? "div" : "label",
      { class: "b-input", data: { blockId: block.block_id } },
      h("span", {}, plain(block.label.text), block.optional && h("em", {}, " (optional)")),
      element(block.element, block, context),
      h("small", { class: "field-error" }, context.errors?.[block.block_id] ?? ""),
      block.hint && h("small", {}, plain(block.hint.text)),
    ),
};

/** All blocks of a message, an attachment or a view. A block type that is unknown here says so instead of vanishing. */
export function blocks(list, context) {
  return list.map(
    (block) => BLOCKS[block.type]?.(block, context) ?? h("div", { class: "b-unknown" }, `[${block.type} block]`),
  );
}

const picture = (item) => link(item.image_url ?? item.slack_file?.url ?? "", `🖼 ${item.alt_text ?? "image"}`);

// --- elements --------------------------------------------------------------------------------------------------------

const ELEMENTS = {
  button: (item, block, context) =>
    h(
      "button",
      {
        class: `b-button ${item.style ?? ""}`,
        type: "button",
        title: item.accessibility_label,
        data: { actionId: item.action_id, value: item.value, testid: "slack-button" },
        on: {
          click: async (event) => {
            if (item.url) window.open(item.url, "_blank", "noopener");
            await press(event.currentTarget, item, block, context);
          },
        },
      },
      plain(item.text.text),
    ),
  static_select: (item, block, context) =>
    menu(item, block, context, item.placeholder ? plain(item.placeholder.text) : "Select"),
  overflow: (item, block, context) => menu(item, block, context, "⋯", "overflow"),
  users_select: (item, block, context) =>
    menu(
      { ...item, options: context.names.people() },
      block,
      context,
      item.placeholder ? plain(item.placeholder.text) : "Select a person",
    ),
  plain_text_input: (item, block, context) =>
    field(
      h(item.multiline ? "textarea" : "input", {
        type: item.multiline ? null : "text",
        rows: item.multiline ? 3 : null,
        placeholder: item.placeholder?.text,
        maxlength: item.max_length,
        data: { actionId: item.action_id, testid: "slack-input" },
      }),
      item,
      block,
      context,
    ),
  datepicker: (item, block, context) =>
    field(h("input", { type: "date", data: { actionId: item.action_id } }), item, block, context),
  timepicker: (item, block, context) =>
    field(h("input", { type: "time", data: { actionId: item.action_id } }), item, block, context),
  number_input: (item, block, context) =>
    field(h("input", { type: "number", data: { actionId: item.action_id } }), item, block, context),
  checkboxes: (item, block, context) => choices(item, block, context, "checkbox"),
  radio_buttons: (item, block, context) => choices(item, block, context, "radio"),
  multi_static_select: (item, block, context) => choices(item, block, context, "checkbox"),
  multi_users_select: (item, block, context) =>
    choices({ ...item, options: context.names.people() }, block, context, "checkbox"),
  image: (item) => picture(item),
};

function element(item, block, context) {
  return ELEMENTS[item.type]?.(item, block, context) ?? h("span", { class: "b-unknown" }, `[${item.type}]`);
}

/** In a message every choice is sent at once, after the dialog that the app may ask for; in a view it is an entry. */
async function press(node, item, block, context, option) {
  if (item.confirm && !(await context.confirm(item.confirm))) return;
  node.classList.add("busy");
  await context.act({ action_id: item.action_id, block_id: block.block_id, option });
  node.classList.remove("busy");
}

function field(node, item, block, context) {
  const initial = item.initial_value ?? item.initial_date ?? item.initial_time;
  node.value = context.entered?.(block.block_id, item.action_id) ?? initial ?? "";
  node.addEventListener("input", () => context.enter(block.block_id, item.action_id, node.value));
  return node;
}

function optionsOf(item) {
  return item.option_groups ? item.option_groups.flatMap((group) => group.options) : (item.options ?? []);
}

function menu(item, block, context, label, kind = "select") {
  const entered = context.enter
    ? (context.entered(block.block_id, item.action_id) ?? item.initial_option?.value ?? item.initial_user)
    : null;
  const initial = optionsOf(item).find((option) => option.value === (entered ?? item.initial_option?.value));
  const shown = h("span", {}, initial && kind === "select" ? plain(initial.text.text) : label);
  const list = h("div", { class: "menu", role: "menu", hidden: true });
  const button = h(
    "button",
    {
      class: `b-${kind}`,
      type: "button",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": kind === "overflow" ? "More actions" : null,
      data: { actionId: item.action_id, testid: `slack-${kind}` },
      on: {
        click: (event) => {
          event.preventDefault();
          toggleMenu(button, list);
        },
      },
    },
    shown,
  );
  for (const option of optionsOf(item)) {
    list.append(
      h(
        "button",
        {
          type: "button",
          role: "menuitem",
          data: { option: option.value, actionId: item.action_id, testid: "slack-option" },
          on: {
            click: async (event) => {
              event.preventDefault();
              toggleMenu(button, list, false);
              if (kind === "select") shown.replaceChildren(...plain(option.text.text));
              if (option.url) window.open(option.url, "_blank", "noopener");
              if (context.enter) context.enter(block.block_id, item.action_id, option.value);
              else await press(button, item, block, context, option.value);
            },
          },
        },
        plain(option.text.text),
        option.description && h("small", {}, plain(option.description.text)),
      ),
    );
  }
  return h("span", { class: "menu-anchor" }, button, list);
}

let openMenu = null;

/** At most one menu is open; it turns upwards where there is no room below. */
function toggleMenu(button, list, show = list.hidden) {
  if (openMenu && openMenu.list !== list) toggleMenu(openMenu.button, openMenu.list, false);
  list.hidden = !show;
  button.setAttribute("aria-expanded", String(show));
  openMenu = show ? { button, list } : null;
  if (show) {
    const room = button.closest(".pane")?.getBoundingClientRect().bottom ?? innerHeight;
    list.classList.toggle("up", button.getBoundingClientRect().bottom + list.offsetHeight + 12 > room);
    const edge = button.closest(".pane")?.getBoundingClientRect().right ?? innerWidth;
    list.classList.toggle("left", button.getBoundingClientRect().left + list.offsetWidth + 12 > edge);
  }
}

document.addEventListener("click", (event) => {
  if (openMenu && !event.target.closest(".menu-anchor")) toggleMenu(openMenu.button, openMenu.list, false);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && openMenu) toggleMenu(openMenu.button, openMenu.list, false);
});

function choices(item, block, context, type) {
  const many = type === "checkbox";
  const initial =
    item.initial_options?.map((option) => option.value) ?? item.initial_users ?? item.initial_option?.value;
  const held = () => context.entered?.(block.block_id, item.action_id) ?? initial ?? (many ? [] : null);
  return h(
    "span",
    { class: "choices" },
    optionsOf(item).map((option) => {
      const input = h("input", {
        type,
        name: `${block.block_id}/${item.action_id}`,
        value: option.value,
        data: { actionId: item.action_id },
      });
      input.checked = many ? held().includes(option.value) : held() === option.value;
      input.addEventListener("change", () => {
        const chosen = many
          ? [
              ...new Set([
                ...held().filter((value) => value !== option.value),
                ...(input.checked ? [option.value] : []),
              ]),
            ]
          : option.value;
        if (context.enter) context.enter(block.block_id, item.action_id, chosen);
        else context.act({ action_id: item.action_id, block_id: block.block_id, option: chosen });
      });
      return h("label", {}, input, " ", plain(option.text.text));
    }),
  );
}

// --- rich text -------------------------------------------------------------------------------------------------------

function rich(item, context) {
  const children = () => item.elements.map((part) => (part.elements ? rich(part, context) : richPart(part, context)));
  switch (item.type) {
    case "rich_text_list":
      return h(
        item.style === "ordered" ? "ol" : "ul",
        {},
        item.elements.map((part) => h("li", {}, rich(part, context))),
      );
    case "rich_text_preformatted":
      return h("pre", {}, children());
    case "rich_text_quote":
      return h("blockquote", {}, children());
    default:
      return h("div", {}, children());
  }
}

function richPart(part, { names }) {
  if (part.type === "user") return h("span", { class: "mention" }, `@${names.user(part.user_id) ?? part.user_id}`);
  if (part.type === "channel")
    return h("span", { class: "mention" }, `#${names.channel(part.channel_id) ?? part.channel_id}`);
  if (part.type === "link") return link(part.url, part.text ?? part.url);
  if (part.type === "emoji") return plain(`:${part.name}:`);
  let node = document.createTextNode(part.text ?? "");
  for (const [style, tag] of [
    ["bold", "b"],
    ["italic", "i"],
    ["strike", "s"],
    ["code", "code"],
  ]) {
    if (part.style?.[style]) node = h(tag, {}, node);
  }
  return node;
}
