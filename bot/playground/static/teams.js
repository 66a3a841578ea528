// A Teams-like window, drawn from the activities that the Bot Connector took: channels with threads, chats, dialogs.

import { adaptiveCard } from "./adaptive.js";
import { avatar, bell, clockText, composer, h, keepAtEnd, keyed } from "./dom.js";

const list = (value) => (Array.isArray(value) ? value : Object.values(value ?? {}));

export function mountTeams(root, app) {
  const view = { place: null, seen: new Map(), state: null, thread: null };
  const nav = h("nav", { class: "m-nav" });
  const title = h("header", { class: "m-title" });
  const messages = h("div", { class: "m-messages", data: { testid: "teams-messages" } });
  const answering = h("div", { class: "m-answering", hidden: true });
  const toast = h("div", { class: "m-toast", hidden: true, role: "status", data: { testid: "teams-toast" } });
  const dialog = h("div", { class: "m-dialog", hidden: true, role: "dialog", data: { testid: "teams-dialog" } });
  const write = composer({ testid: "teams-composer", placeholder: "Message, or @Tocsin who", send: say });
  root.append(nav, h("div", { class: "m-main" }, title, messages, toast, answering, write.form), dialog);

  const me = () => app.me().teams;
  const nobody = () => app.note(`${app.me().name} has no Teams account here.`);

  async function say(text) {
    if (!me()) return nobody();
    const thread = view.thread ? { thread: view.thread } : {};
    const done = await app.act("teams", "say", { text, user: me(), conversation: view.place, ...thread });
    view.thread = null;
    return done;
  }

  async function press(message, action, inputs, node) {
    if (!me()) return nobody();
    node.classList.add("busy");
    const shown = Object.keys(inputs).length ? { inputs } : {};
    const what = { conversation: view.place, message_id: message.id, action, user: me(), ...shown };
    const done = await app.act("teams", "press", what);
    node.classList.remove("busy");
    if (typeof done?.seen === "string" && done.seen && !done.dialog) showToast(done.seen);
    return done;
  }

  function places(state) {
    return list(state.conversations)
      .map((place) => ({ ...place, direct: place.kind === "personal" }))
      .sort((a, b) => a.direct - b.direct);
  }

  function render(state, moved = false) {
    view.state = state;
    const all = places(state);
    if (!view.seen.size) all.forEach((place) => view.seen.set(place.id, place.messages.at(-1)?.id ?? ""));
    if (!all.some((place) => place.id === view.place)) view.place = all[0]?.id;
    const current = all.find((place) => place.id === view.place);
    if (!current) return;
    if (root.offsetParent) view.seen.set(current.id, current.messages.at(-1)?.id ?? "");
    drawNav(all);
    drawAnswering(current);
    drawDialog(list(state.dialogs).findLast((each) => each.user === me()));
    title.replaceChildren(avatar(current.name), h("div", {}, h("b", {}, current.name), h("small", {}, kindOf(current))));
    keepAtEnd(
      messages,
      () =>
        keyed(
          messages,
          threaded(current),
          (one) => one.id,
          (one, known, changed) => post(one, current, known, changed),
          (one) => JSON.stringify([one, app.me().key]),
        ),
      moved,
    );
  }

  const kindOf = (place) =>
    place.direct ? "chat with Tocsin" : place.kind === "channel" ? "channel" : `${place.members.length} people`;

  /** The messages of a channel thread by thread, in the order in which the threads began. */
  function threaded(place) {
    if (place.kind !== "channel") return place.messages;
    const roots = [...new Set(place.messages.map((one) => one.conversation))];
    return roots.flatMap((root) => place.messages.filter((one) => one.conversation === root));
  }

  function drawNav(all) {
    nav.replaceChildren(
      ...all.map((place) => {
        const unread = place.messages.filter(
          (one) => one.id > (view.seen.get(place.id) ?? "") && one.from.role === "bot",
        ).length;
        return h(
          "button",
          {
            class: `m-place ${place.id === view.place ? "current" : ""}`,
            type: "button",
            title: place.name,
            data: { testid: "teams-place", place: place.id, name: place.name },
            on: {
              click: () => {
                view.place = place.id;
                view.thread = null;
                if (place.direct) app.become((person) => person.teams === place.members[0]);
                render(view.state, true);
              },
            },
          },
          place.kind === "channel" ? h("i", {}, "#") : avatar(place.name, "small"),
          h("span", {}, place.name),
          unread > 0 && h("b", { class: "count" }, String(unread)),
        );
      }),
    );
    app.badge("teams", nav.querySelectorAll(".count").length);
  }

  function post(message, place, known, changed) {
    const bot = message.from.role === "bot";
    const root = message.conversation.split(";messageid=")[1];
    const reply = root !== undefined && root !== message.id;
    const cards = list(message.attachments).map((each) =>
      adaptiveCard(each.content, { press: (action, inputs, node) => press(message, action, inputs, node) }),
    );
    return h(
      "article",
      {
        class: `m-message ${reply ? "reply" : ""} ${changed ? "flash" : known ? "" : "fresh"}`,
        data: { testid: "teams-message", messageId: message.id },
      },
      bot ? bell("small") : avatar(message.from.name, "small"),
      h(
        "div",
        { class: "m-body" },
        h("div", { class: "m-author" }, h("b", {}, bot ? "Tocsin" : message.from.name), h("time", {}, clockText(message.timestamp)), message.edited && h("em", {}, "edited")),
        message.text && h("div", { class: "m-text" }, message.text),
        cards,
        root !== undefined && !reply &&
          h("button", { type: "button", class: "m-reply", data: { testid: "teams-reply" }, on: { click: () => answer(root) } }, "Reply"),
      ),
    );
  }

  function answer(root) {
    view.thread = root;
    render(view.state);
    write.input.focus();
  }

  function drawAnswering(place) {
    const root = place.messages.find((one) => one.id === view.thread);
    answering.hidden = !root;
    if (!root) return;
    const stop = { click: () => answer(null) };
    answering.replaceChildren(
      h("span", {}, `Reply to ${root.summary ?? root.text ?? "this thread"}`),
      h("button", { type: "button", class: "close", "aria-label": "Do not reply", on: stop }, "✕"),
    );
  }

  function drawDialog(shown) {
    dialog.hidden = !shown;
    if (!shown) {
      dialog.dataset.shown = "";
      return;
    }
    if (dialog.dataset.shown === shown.id) return; // what was typed stays
    dialog.dataset.shown = shown.id;
    const close = { click: () => app.act("teams", "close", { dialog: shown.id, user: me() }) };
    const card = adaptiveCard(shown.card, {
      async press(_action, values, node) {
        node.classList.add("busy");
        const done = await app.act("teams", "submit", { dialog: shown.id, values, user: me() });
        node.classList.remove("busy");
        if (typeof done?.seen === "string" && done.seen && !done.dialog) showToast(done.seen);
      },
    });
    dialog.replaceChildren(
      h(
        "div",
        {},
        h("header", {}, h("b", {}, shown.title), h("button", { type: "button", class: "close", "aria-label": "Close", on: close }, "✕")),
        card,
      ),
    );
  }

  let timer = 0;
  function showToast(text) {
    clearTimeout(timer);
    toast.replaceChildren(h("span", {}, text));
    toast.hidden = false;
    timer = setTimeout(() => {
      toast.hidden = true;
    }, 6000);
  }

  return { render };
}
