// The people of the playground: one person is a Slack, Teams and Telegram user, a phone and a mailbox, matched by name.

const list = (value) => (Array.isArray(value) ? value : Object.values(value ?? {}));
const first = (name) => name.trim().split(/\s+/)[0].toLowerCase();

/** `[{key, name, slack?, teams?, telegram?, phone?, email?}]`, in the order in which the platforms list them. */
export function peopleOf(state) {
  const people = new Map();
  const add = (name, values) => {
    if (!name || name.startsWith("+") || name.includes("@")) return;
    const key = first(name);
    const known = people.get(key) ?? { key, name: "" };
    people.set(key, { ...values, ...known, name: known.name.length >= name.length ? known.name : name });
  };
  const { slack, teams, telegram, twilio, smtp } = state.emulators;
  for (const user of list(slack?.users))
    if (!user.is_bot && !user.deleted) add(user.real_name || user.name, { slack: user.id });
  for (const user of list(teams?.users)) add(user.name, { teams: user.id });
  for (const user of list(telegram?.users))
    if (!user.is_bot) add([user.first_name, user.last_name].filter(Boolean).join(" "), { telegram: user.id });
  for (const phone of list(twilio?.people)) add(phone.name, { phone: phone.number });
  for (const box of list(smtp?.mailboxes)) add(box.name, { email: box.address });
  return [...people.values()];
}
