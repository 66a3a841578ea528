// A Slack-like window, drawn from what the app really posted: cards, threads, notes for one person, modals, Home.

import { avatar, bell, clockText, composer, h, keepAtEnd, keyed } from "./dom.js";
import { blocks } from "./blocks.js";
import { mrkdwn } from "./mrkdwn.js";
import { confirmDialog, modalLayer } from "./modal.js";

const HOME = "home";

const list = (value) => (Array.isArray(value) ? value : Object.values(value ?? {}));

export function mountSlack(root, app) {
  const view = { channel: null, thread: null, seen: new Map(), state: null };
  const nav = h("nav", { class: "s-nav" });
  const title = h("header", { class: "s-title" });
  const messages = h("div", { class: "s-messages", data: { testid: "slack-messages" } });
  const thread = h("div", { class: "s-thread", hidden: true, data: { testid: "slack-thread" } });
  const write = composer({
    testid: "slack-composer",
    placeholder: "/toc help  or  @Tocsin who",
    send: (text) => say(text, null),
  });
  const reply = composer({
    testid: "slack-reply",
    placeholder: "Reply with @Tocsin …",
    send: (text) => say(text, view.thread),
  });
  const overlay = h("div", { class: "overlay", hidden: true });
  root.append(nav, h("div", { class: "s-main" }, title, messages, write.form), thread, overlay);
  const modals = modalLayer(overlay, app, () => names());

  async function say(text, threadTs) {
    const me = app.me().slack;
    if (!me) return app.note(`${app.me().name} is not in this Slack workspace.`);
    const slash = text.startsWith("/");
    const written = slash
      ? text
      : text.replace(new RegExp(`@${view.state.bot?.name ?? "tocsin"}\\b`, "gi"), `<@${view.state.bot?.id}>`);
    const data = { user: me, channel: view.channel, text: written, ...(threadTs ? { thread_ts: threadTs } : {}) };
    return app.act("slack", slash ? "slash" : "say", data);
  }

  function names() {
    const users = list(view.state.users);
    const channels = list(view.state.channels);
    return {
      user: (id) => nameOf(users.find((user) => user.id === id)),
      channel: (id) => channels.find((channel) => channel.id === id)?.name,
      people: () =>
        users.filter((user) => !user.is_bot).map((user) => ({ text: { text: nameOf(user) }, value: user.id })),
      now: app.now(),
    };
  }

  function conversations() {
    const people = new Map(list(view.state.users).map((user) => [user.id, user]));
    return list(view.state.channels).map((channel) => {
      const partner = channel.user && people.get(channel.user);
      return {
        id: channel.id,
        direct: Boolean(partner),
        partner: channel.user,
        private: channel.is_private,
        archived: channel.is_archived,
        title: partner ? nameOf(partner) : channel.name,
        topic: channel.topic?.value ?? "",
        messages: list(channel.messages),
      };
    });
  }

  function openHome() {
    view.channel = HOME;
    view.thread = null;
    render(view.state, true);
    if (app.me().slack) app.act("slack", "open_home", { user: app.me().slack });
  }

  function drawHome(state) {
    const shown = state.homes?.[app.me().slack];
    title.replaceChildren(h("b", {}, "Tocsin"), h("span", {}, "Home"));
    const mark = `${app.me().slack} ${shown?.hash ?? ""}`;
    if (messages.dataset.home === mark) return;
    messages.dataset.home = mark;
    messages.nodesByKey = undefined;
    const context = {
      names: names(),
      confirm: (dialog) => confirmDialog(overlay, dialog, names()),
      act: (action) => app.act("slack", "press", { view_id: shown.id, user: app.me().slack, ...action }),
    };
    messages.replaceChildren(
      h(
        "div",
        { class: "s-blocks", data: { testid: "slack-home" } },
        shown ? blocks(shown.blocks, context) : "Nothing is published here yet.",
      ),
    );
  }

  function open(conversation) {
    view.channel = conversation.id;
    view.thread = null;
    if (conversation.direct) app.become((person) => person.slack === conversation.partner);
    render(view.state, true);
  }

  function render(state, moved = false) {
    view.state = state;
    const all = conversations();
    if (!view.seen.size) all.forEach((one) => view.seen.set(one.id, one.messages.at(-1)?.ts ?? "0"));
    write.form.hidden = view.channel === HOME;
    if (view.channel === HOME) {
      drawNav(all, state);
      drawHome(state);
      drawThread([], null);
      modals.render(list(state.views).filter((one) => one.user === app.me().slack));
      return;
    }
    if (messages.dataset.home !== undefined) {
      delete messages.dataset.home;
      messages.replaceChildren();
    }
    if (!all.some((one) => one.id === view.channel))
      view.channel = (all.find((one) => !one.direct && one.messages.length) ?? all[0])?.id;
    const current = all.find((one) => one.id === view.channel);
    if (!current) return;
    if (root.offsetParent) view.seen.set(current.id, current.messages.at(-1)?.ts ?? "0");
    drawNav(all, state);
    title.replaceChildren(...titleOf(current));
    const whispers = list(state.ephemerals)
      .filter((note) => note.channel === current.id && note.user === app.me().slack)
      .map((note) => note.message);
    const shown = [...current.messages, ...whispers].sort((a, b) => Number(a.ts) - Number(b.ts));
    keepAtEnd(
      messages,
      () =>
        drawMessages(
          messages,
          shown.filter((one) => !one.thread_ts || one.thread_ts === one.ts || one.subtype === "thread_broadcast"),
          current,
          shown,
        ),
      moved,
    );
    drawThread(shown, current);
    modals.render(list(state.views).filter((one) => one.user === app.me().slack));
  }

  function drawNav(all, state) {
    const entry = (one) => {
      const unread = one.messages.filter(
        (message) => Number(message.ts) > Number(view.seen.get(one.id) ?? 0) && message.bot_id,
      ).length;
      return h(
        "button",
        {
          class: `s-chat ${one.id === view.channel ? "current" : ""} ${unread ? "unread" : ""}`,
          type: "button",
          data: { testid: `slack-chat-${one.id}`, name: one.title },
          on: { click: () => open(one) },
        },
        one.direct ? avatar(one.title, "small") : h("i", {}, one.private ? "🔒" : "#"),
        h("span", {}, one.title),
        unread > 0 && h("b", { class: "count" }, String(unread)),
      );
    };
    nav.replaceChildren(
      h("div", { class: "s-team" }, state.team?.name ?? state.team?.domain ?? "Slack", h("small", {}, "Slack")),
      h("h4", {}, "Channels"),
      ...all.filter((one) => !one.direct && !one.archived).map(entry),
      h("h4", {}, "Direct messages"),
      ...all.filter((one) => one.direct).map(entry),
      h("h4", {}, "Apps"),
      h(
        "button",
        {
          class: `s-chat ${view.channel === HOME ? "current" : ""}`,
          type: "button",
          data: { testid: "slack-open-home" },
          on: { click: openHome },
        },
        h("i", {}, "⌂"),
        h("span", {}, "Tocsin"),
      ),
    );
    app.badge("slack", nav.querySelectorAll(".unread").length);
  }

  const titleOf = (one) => [
    h("b", {}, one.direct ? `Tocsin → ${one.title}` : `# ${one.title}`),
    h("span", {}, one.topic || (one.direct ? "direct message" : "")),
  ];

  function drawMessages(target, items, current, all) {
    const stamp = (item) => JSON.stringify([item, app.me().key, replies(item, all).length]);
    keyed(
      target,
      items,
      (item) => item.ts + (item.is_ephemeral ? "e" : ""),
      (item, known, changed) => message(item, current, all, known, changed),
      stamp,
    );
  }

  const replies = (item, all) => all.filter((one) => one.thread_ts === item.ts && one.ts !== item.ts);

  function message(item, current, all, known, changed) {
    const bot = Boolean(item.bot_id);
    const author = bot ? "Tocsin" : (names().user(item.user) ?? "someone");
    const context = {
      names: names(),
      confirm: (dialog) => confirmDialog(overlay, dialog, names()),
      act: (action) => app.act("slack", "press", { channel: current.id, ts: item.ts, user: app.me().slack, ...action }),
    };
    const answers = replies(item, all).length;
    const body = h(
      "div",
      { class: "s-body" },
      h(
        "div",
        { class: "s-author" },
        h("b", {}, author),
        bot && h("em", {}, "APP"),
        h("time", {}, clockText(Number(item.ts))),
      ),
      item.is_ephemeral && h("div", { class: "s-only" }, "👁 Only visible to you"),
      !item.blocks?.length &&
        !item.attachments?.length &&
        h("div", { class: "b-text" }, mrkdwn(item.text ?? "", context.names)),
      item.blocks?.length > 0 && h("div", { class: "s-blocks" }, blocks(item.blocks, context)),
      (item.attachments ?? []).map((part) => attachment(part, context)),
      !bot &&
        list(view.state.shortcuts).map((shortcut) =>
          h(
            "button",
            {
              class: "s-replies",
              type: "button",
              title: "A shortcut in the message's menu",
              data: { testid: "slack-shortcut", shortcut },
              on: {
                click: () =>
                  app.act("slack", "shortcut", {
                    channel: current.id,
                    ts: item.ts,
                    callback_id: shortcut,
                    user: app.me().slack,
                  }),
              },
            },
            "⋮ Add to incident",
          ),
        ),
      item.edited && h("small", { class: "s-edited" }, "(edited)"),
      answers > 0 &&
        view.thread !== item.ts &&
        h(
          "button",
          {
            class: "s-replies",
            type: "button",
            data: { testid: "slack-open-thread" },
            on: {
              click: () => {
                view.thread = item.ts;
                render(view.state);
              },
            },
          },
          `${answers} ${answers === 1 ? "reply" : "replies"}`,
        ),
    );
    return h(
      "article",
      {
        class: `s-message ${changed ? "flash" : known ? "" : "fresh"} ${item.is_ephemeral ? "ephemeral" : ""}`,
        data: {
          testid: "slack-message",
          ts: item.ts,
          channel: current.id,
          ephemeral: item.is_ephemeral ? "true" : null,
        },
      },
      bot ? bell() : avatar(author),
      body,
    );
  }

  function attachment(part, context) {
    const colour = { good: "#2eb67d", warning: "#ecb22e", danger: "#d72d30" }[part.color] ?? part.color;
    return h(
      "div",
      {
        class: "s-attachment",
        data: { testid: "slack-attachment", color: part.color },
        style: colour ? { "--bar": colour.startsWith("#") ? colour : `#${colour}` } : {},
      },
      part.blocks
        ? blocks(part.blocks, context)
        : [
            part.pretext && h("div", { class: "b-text" }, mrkdwn(part.pretext, context.names)),
            part.title && h("b", {}, part.title),
            part.text && h("div", { class: "b-text" }, mrkdwn(part.text, context.names)),
          ],
    );
  }

  function drawThread(all, current) {
    const rootMessage = view.thread && all.find((one) => one.ts === view.thread);
    thread.hidden = !rootMessage;
    if (!rootMessage) {
      thread.replaceChildren();
      return;
    }
    if (!thread.firstChild) {
      thread.append(
        h(
          "header",
          { class: "s-title" },
          h("b", {}, "Thread"),
          h(
            "button",
            {
              class: "close",
              type: "button",
              "aria-label": "Close the thread",
              on: {
                click: () => {
                  view.thread = null;
                  render(view.state);
                },
              },
            },
            "✕",
          ),
        ),
        h("div", { class: "s-messages" }),
        reply.form,
      );
    }
    drawMessages(thread.children[1], [rootMessage, ...replies(rootMessage, all)], current, all);
  }

  return { render };
}

const nameOf = (user) => user && (user.real_name || user.name);
