// Beside the conversation: where it stands and why.

import { by, el, named } from "./dom.js";
import * as words from "./words.js";

const LAST = 14;

export function drawPanel(conversation, extra) {
  const { state } = conversation;
  const open = new Set([...document.querySelectorAll("#inside details[open]")].map((node) => node.dataset.name));
  const focus = document.activeElement?.closest?.("#inside details")?.dataset.name;
  const parts = [
    section("where", "Where it is", (state?.runs ?? []).length ? state.runs.map((run) => runCard(run, conversation)) : [empty("No flow is running.")], true),
    section("why", "Why", decisions(conversation), true),
    conversation.calls.size ? section("calls", "Calls", [...conversation.calls.values()].slice(-LAST).reverse().map(call), true) : undefined,
    conversation.alerts.length ? section("alerts", "Alerts", conversation.alerts.slice(-LAST).reverse().map((a) => line(a.at, a.say, a.level)), true) : undefined,
    conversation.ends.length ? section("ends", "Ends", conversation.ends.slice(-LAST).reverse().map((e) => line(e.at, `${e.flow}: ${e.end}`, e.reason)), true) : undefined,
    section("contact", "Contact", contact(state), false),
    section("provider", "The provider", [extra], false),
  ].filter(Boolean);
  const drawn = by("inside").childElementCount > 0;
  for (const part of parts) if (drawn && document.querySelector(`#inside details[data-name="${part.dataset.name}"]`)) part.open = open.has(part.dataset.name);
  by("inside").replaceChildren(...parts);
  if (focus) document.querySelector(`#inside details[data-name="${focus}"] summary`)?.focus({ preventScroll: true });
}

const section = (name, title, body, open) => el("details", { class: "part", "data-name": name, open }, el("summary", {}, title), el("div", { class: "part-body" }, body));
const empty = (text) => el("p", { class: "empty" }, text);
const line = (at, text, more) => el("div", { class: "line" }, el("time", {}, words.clock(at)), el("div", {}, el("p", {}, text), more ? el("small", {}, named(more)) : undefined));

function runCard(run, conversation) {
  const left = run.until ? run.until - conversation.now : undefined;
  const until = run.until ? `, at most until ${words.short(run.until)}${left > 0 ? ` (${words.span(left)})` : ""}` : "";
  const known = run.variables.filter((variable) => variable.private || (variable.value !== null && variable.value !== undefined));
  const unset = run.variables.length - known.length;
  return el("article", { class: "run" },
    el("p", { class: "crumbs" }, el("span", { class: "flow" }, run.flow), run.inside ? el("span", { class: "flow" }, run.inside) : undefined, el("strong", { class: "state" }, run.state)),
    el("p", { class: "waits" }, `Waits for ${words.waits(run.waits)}${until}.`),
    known.length ? el("dl", { class: "variables" }, known.flatMap((variable) => [
      el("dt", {}, variable.name), el("dd", { class: variable.private ? "masked" : "" }, variable.private ? "masked: private" : words.value(variable.value)),
    ])) : undefined,
    unset ? el("p", { class: "unset" }, `${unset} variable${unset === 1 ? " has" : "s have"} no value yet.`) : undefined,
    run.key ? el("p", { class: "unset" }, `Key ${run.key}`) : undefined);
}

function decisions(conversation) {
  if (!conversation.decisions.length) return [empty("Nothing was decided yet.")];
  return conversation.decisions.slice(-LAST).reverse().map((one) =>
    el("div", { class: `line ${one.way ? "way" : ""}` }, el("time", {}, words.clock(one.at)),
      el("div", {}, el("p", {}, one.way ? one.what : [el("b", {}, words.decision(one.decision)), ` “${one.what}”`]), el("small", {}, named(one.reason)))));
}

function call(one) {
  const end = one.outcome ? `${one.outcome} · ${one.why} · ${one.took} ms` : "under way";
  const answer = one.answer === undefined || one.answer === null ? undefined : el("code", {}, words.value(one.answer).slice(0, 300));
  return el("div", { class: "line" }, el("time", {}, words.clock(one.at)),
    el("div", {}, el("p", {}, el("b", {}, one.method), ` ${one.api}${one.path}`), el("small", {}, end), answer));
}

function contact(state) {
  const of = state?.contact;
  const pairs = [
    ["Language", of?.language], ["Name", of?.name], ["Time zone", of?.timezone], ["Tags", of?.tags?.join(", ")],
    ["Opted out of", of?.stopped?.join(", ")], ["Waiting starts", state?.waiting?.join(", ")],
    ...Object.entries(of?.attributes ?? {}).map(([name, value]) => [name, words.value(value)]),
  ].filter(([, value]) => value);
  if (!pairs.length) return [empty("Nothing is known yet.")];
  return [el("dl", { class: "variables" }, pairs.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]))];
}
