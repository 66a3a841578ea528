// The mailbox of the person at the screen: a list, and one open mail with its HTML in a sandbox without scripts.

import { clockText, h, keyed, linkify, link } from "./dom.js";

// The mail may bring its own styles and nothing else: no scripts, no pictures from elsewhere; links open in a new tab.
const POLICY = [
  '<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy"',
  " content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"><base target=\"_blank\">",
  "<style>html{color-scheme:light;background:#fff}",
  "body{font:14px/1.5 system-ui,sans-serif;margin:12px;overflow-wrap:anywhere}</style>",
].join("");

export function mountMail(root, app) {
  const title = h("header", { class: "m-title" });
  const items = h("div", { class: "m-list", data: { testid: "mail-list" } });
  const empty = h("p", { class: "m-empty" }, "No mail");
  const open = h("div", { class: "m-open", hidden: true, data: { testid: "mail-open" } });
  root.append(title, empty, items, open);
  const view = { id: null, read: new Set(), state: null, started: false };

  function render(state) {
    view.state = state;
    const boxes = state.mailboxes ?? [];
    if (!view.started) boxes.forEach((box) => box.mails.slice(1).forEach((mail) => view.read.add(mail.id)));
    view.started = true;
    const box = boxes.find((one) => one.address === app.me().email);
    const mails = box?.mails ?? [];
    title.replaceChildren(h("b", {}, "Inbox"), h("span", {}, box?.address ?? `${app.me().name} has no mailbox here`));
    empty.hidden = mails.length > 0 || view.id !== null;
    keyed(
      items,
      mails,
      (mail) => String(mail.id),
      item,
      (mail) => JSON.stringify([mail.id, view.read.has(mail.id)]),
    );
    const shown = mails.find((mail) => mail.id === view.id);
    items.hidden = Boolean(shown);
    if (!shown) {
      view.id = null;
      open.hidden = true;
      open.replaceChildren();
    } else if (open.hidden || open.dataset.mail !== String(shown.id)) show(shown);
    for (const one of boxes)
      app.unread("mail", one.address, one.mails.filter((mail) => !view.read.has(mail.id)).length);
    app.badge("mail", boxes.filter((one) => one.mails.some((mail) => !view.read.has(mail.id))).length);
  }

  function item(mail) {
    const unread = !view.read.has(mail.id);
    return h(
      "button",
      {
        type: "button",
        class: `m-item ${unread ? "unread" : ""}`,
        data: { testid: "mail-item", mail: String(mail.id), subject: mail.subject },
        on: {
          click: () => {
            view.id = mail.id;
            view.read.add(mail.id);
            render(view.state);
          },
        },
      },
      h("span", { class: "m-from" }, sender(mail.from), h("time", {}, clockText(mail.at))),
      h("b", {}, mail.subject),
      h("span", { class: "m-snippet" }, mail.plain.replace(/\s+/g, " ").slice(0, 140)),
    );
  }

  function show(mail) {
    open.hidden = false;
    open.dataset.mail = String(mail.id);
    const frame =
      mail.html &&
      h("iframe", {
        class: "m-html",
        sandbox: "allow-popups allow-popups-to-escape-sandbox",
        title: mail.subject,
        data: { testid: "mail-html" },
      });
    if (frame) frame.srcdoc = POLICY + mail.html;
    const plain = h(
      "div",
      { class: "m-plain", hidden: Boolean(frame), data: { testid: "mail-plain" } },
      linkify(mail.plain),
    );
    const source = h(
      "dl",
      { class: "m-headers", hidden: true },
      mail.headers.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    );
    const toggle = (label, testid, nodes) =>
      h(
        "button",
        {
          type: "button",
          data: { testid },
          on: {
            click: () =>
              nodes.forEach((node) => {
                if (node) node.hidden = !node.hidden;
              }),
          },
        },
        label,
      );
    open.replaceChildren(
      ...[
        h(
          "div",
          { class: "m-tools" },
          h(
            "button",
            {
              type: "button",
              data: { testid: "mail-back" },
              on: {
                click: () => {
                  view.id = null;
                  render(view.state);
                },
              },
            },
            "‹ Inbox",
          ),
          frame && toggle("Plain text", "mail-show-plain", [frame, plain]),
          toggle("Headers", "mail-show-headers", [source]),
        ),
        h("h3", {}, mail.subject),
        h("div", { class: "m-from" }, h("span", {}, mail.from), h("time", {}, clockText(mail.at))),
        source,
        frame,
        plain,
        mail.links.length > 0 &&
          h(
            "details",
            { class: "m-links" },
            h("summary", {}, `${mail.links.length} ${mail.links.length === 1 ? "link" : "links"}`),
            mail.links.map((url) => link(url, url)),
          ),
      ].filter(Boolean),
    );
  }

  return { render };
}

const sender = (from) => /^"?([^"<]+?)"?\s*</.exec(from)?.[1] ?? from;
