// Adaptive Cards as DOM nodes, from the JSON that Teams got: the elements that bots use there, and nothing as HTML.
// https://adaptivecards.io/explorer

import { h, link } from "./dom.js";

const INPUTS = new Set(["Input.Text", "Input.ChoiceSet"]);

/** A card. `on.press(action, inputs, node)` is called for every button but those that open a link or unfold. */
export function adaptiveCard(card, on) {
  const body = h("div", { class: "a-card" });
  const values = () => Object.fromEntries([...body.querySelectorAll("[data-input]")].map((node) => valueOf(node)));
  const context = { lang: card.lang ?? "en", press: (action, node) => on.press(action, values(), node) };
  body.append(...(card.body ?? []).map((each) => element(each, context)));
  if (card.actions?.length) body.append(h("div", {}, actionSet(card.actions, context)));
  return body;
}

function element(each, context) {
  const inner = INPUTS.has(each.type) ? input(each) : drawn(each, context);
  return h(
    "div",
    { class: `a-${each.type.replace(".", "-")} ${each.style ?? ""} ${each.spacing === "None" ? "tight" : ""}` },
    inner,
  );
}

function drawn(each, context) {
  switch (each.type) {
    case "Container":
      return each.items.map((item) => element(item, context));
    case "TextBlock":
      return marked(each.text, context.lang);
    case "RichTextBlock":
      return each.inlines.map((run) => (typeof run === "string" ? run : h("span", { class: looks(run) }, run.text)));
    case "FactSet":
      return each.facts.map((fact) =>
        h("div", { class: "a-fact" }, h("b", {}, marked(fact.title, context.lang)), h("span", {}, marked(fact.value, context.lang))),
      );
    case "ActionSet":
      return actionSet(each.actions, context);
    default:
      return h("em", {}, each.type);
  }
}

const looks = (run) =>
  [run.weight === "Bolder" && "bold", run.isSubtle && "subtle", run.fontType === "Monospace" && "mono", run.size]
    .filter(Boolean)
    .join(" ");

function actionSet(actions, context) {
  const below = h("div", { class: "a-below" });
  const row = h(
    "div",
    { class: "a-actions" },
    actions.map((action) =>
      h(
        "button",
        {
          type: "button",
          data: { testid: "teams-button", kind: action.type },
          on: { click: (event) => chosen(action, event.currentTarget, below, context) },
        },
        action.title,
        action.type === "Action.ShowCard" && h("i", {}, "▾"),
        action.type === "Action.OpenUrl" && h("i", {}, "↗"),
      ),
    ),
  );
  return [row, below];
}

function chosen(action, node, below, context) {
  if (action.type === "Action.OpenUrl") return window.open(action.url, "_blank", "noopener");
  if (action.type !== "Action.ShowCard") return context.press(action, node);
  const open = below.dataset.shown === action.title;
  below.dataset.shown = open ? "" : action.title;
  below.replaceChildren(...(open ? [] : (action.card.body ?? []).map((each) => element(each, context))));
  if (!open && action.card.actions) below.append(h("div", {}, actionSet(action.card.actions, context)));
  return undefined;
}

function input(each) {
  const shared = { "aria-label": each.label, placeholder: each.placeholder, data: { input: each.id, testid: "teams-input" } };
  const label = h("label", {}, each.label, each.isRequired && h("i", {}, " *"));
  if (each.type === "Input.Text") {
    const field = h(each.isMultiline ? "textarea" : "input", { ...shared, maxlength: each.maxLength });
    field.value = each.value ?? "";
    return [label, field];
  }
  const options = each.choices.map((choice) => h("option", { value: choice.value }, choice.title));
  const field = h("select", { ...shared, multiple: Boolean(each.isMultiSelect) }, each.isMultiSelect ? [] : h("option", { value: "" }, "…"), options);
  if (each.value !== undefined) field.value = each.value;
  return [label, field];
}

function valueOf(node) {
  const chosen = node.multiple ? [...node.selectedOptions].map((option) => option.value).join(",") : node.value;
  return [node.dataset.input, chosen];
}

/** The markdown that Teams reads in a text block: bold, links, escapes; instants and mentions. */
export function marked(text, lang) {
  const parts = [];
  const pattern = /\{\{(DATE|TIME)\(([^,)]*)[^}]*\}\}|<at>(.*?)<\/at>|\[((?:\\.|[^\]\\])*)\]\(([^)]*)\)|\*\*((?:\\.|[^*\\])+)\*\*|\\([\\*_`[\]~.#>()+-])/gs;
  let end = 0;
  for (const found of text.matchAll(pattern)) {
    parts.push(text.slice(end, found.index));
    end = found.index + found[0].length;
    const [, func, instant, person, label, url, strong, escaped] = found;
    if (func) parts.push(clock(func, instant, lang));
    else if (person !== undefined) parts.push(h("span", { class: "mention", data: { testid: "teams-mention" } }, person));
    else if (label !== undefined) parts.push(link(url, bare(label)));
    else if (strong !== undefined) parts.push(h("b", {}, bare(strong)));
    else parts.push(escaped);
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}

const bare = (text) => text.replace(/\\([\\*_`[\]~.#>()+-])/g, "$1");

function clock(func, instant, lang) {
  const at = new Date(instant);
  const options = func === "DATE" ? { dateStyle: "medium" } : { timeStyle: "short", hour12: false };
  return h("time", { datetime: instant }, new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", options).format(at));
}
