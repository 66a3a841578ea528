// Modals of views.open and the "are you sure" dialogs of buttons, above the window that they belong to.

import { h } from "./dom.js";
import { blocks } from "./blocks.js";
import { mrkdwn, plain } from "./mrkdwn.js";

/** Ask before a press (https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object). */
export function confirmDialog(overlay, dialog, names) {
  return new Promise((resolve) => {
    const answer = (yes) => {
      box.remove();
      overlay.hidden = !overlay.childElementCount;
      resolve(yes);
    };
    const box = h(
      "div",
      { class: "dialog", role: "alertdialog", "aria-modal": "true", data: { testid: "slack-confirm" } },
      h("h3", {}, plain(dialog.title.text)),
      h(
        "div",
        { class: "b-text" },
        dialog.text.type === "mrkdwn" ? mrkdwn(dialog.text.text, names) : plain(dialog.text.text),
      ),
      h(
        "div",
        { class: "dialog-buttons" },
        h(
          "button",
          {
            class: "b-button",
            type: "button",
            data: { testid: "slack-confirm-no" },
            on: { click: () => answer(false) },
          },
          plain(dialog.deny.text),
        ),
        h(
          "button",
          {
            class: `b-button ${dialog.style === "danger" ? "danger" : "primary"}`,
            type: "button",
            data: { testid: "slack-confirm-yes" },
            on: { click: () => answer(true) },
          },
          plain(dialog.confirm.text),
        ),
      ),
    );
    overlay.hidden = false;
    overlay.append(box);
    box.querySelector("[data-testid=slack-confirm-yes]").focus();
  });
}

/** The modals of the person at the screen; entries survive a redraw, errors stand beside their field. */
export function modalLayer(overlay, app, names) {
  const entered = new Map();
  const errors = new Map();
  let drawn = "";
  let box = null;

  function render(open) {
    const top = open.at(-1)?.view ?? null;
    const mark = top ? JSON.stringify([top.id, top.hash, errors.get(top.id)]) : "";
    if (mark === drawn) return;
    drawn = mark;
    box?.remove();
    box = top && draw(top);
    if (box) overlay.append(box);
    overlay.hidden = !overlay.childElementCount;
    box?.querySelector("input, textarea")?.focus();
    for (const id of entered.keys())
      if (!open.some((one) => one.view.id === id)) {
        entered.delete(id);
        errors.delete(id);
      }
  }

  function draw(view) {
    const values = entered.get(view.id) ?? entered.set(view.id, {}).get(view.id);
    const user = app.me().slack;
    const context = {
      names: names(),
      errors: errors.get(view.id),
      entered: (block, action) => values[block]?.[action],
      enter: (block, action, value) => {
        (values[block] ??= {})[action] = value;
      },
      confirm: (dialog) => confirmDialog(overlay, dialog, names()),
      act: () => app.note("Buttons inside a form are not played here."),
    };
    const close = () => app.act("slack", "close", { view_id: view.id, user });
    const form = h(
      "form",
      {
        class: "dialog modal",
        role: "dialog",
        "aria-modal": "true",
        data: { testid: "slack-modal", viewId: view.id, callbackId: view.callback_id },
      },
      h(
        "header",
        {},
        h("h3", {}, plain(view.title.text)),
        h(
          "button",
          {
            class: "close",
            type: "button",
            "aria-label": "Close",
            data: { testid: "slack-modal-x" },
            on: { click: close },
          },
          "✕",
        ),
      ),
      h("div", { class: "modal-body" }, blocks(view.blocks, context)),
      h(
        "div",
        { class: "dialog-buttons" },
        h(
          "button",
          { class: "b-button", type: "button", data: { testid: "slack-modal-close" }, on: { click: close } },
          plain(view.close?.text ?? "Cancel"),
        ),
        view.submit &&
          h(
            "button",
            { class: "b-button primary", type: "submit", data: { testid: "slack-modal-submit" } },
            plain(view.submit.text),
          ),
      ),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const answer = await app.act("slack", "submit", { view_id: view.id, values, user });
      if (answer?.errors) {
        errors.set(view.id, answer.errors);
        app.redraw();
      }
    });
    return form;
  }

  return { render };
}
