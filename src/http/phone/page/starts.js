// How each flow begins: a keyword to write, any message, an event with its data, or the operator's own `begin`.

import { ask, by, el } from "./dom.js";

export function drawStarts(project, who, actions) {
  const flows = project.flows.filter((flow) => flow.channels.includes(who.channel));
  by("flows").replaceChildren(...flows.map((flow) => card(flow, who, actions)));
  if (!flows.length) by("flows").append(el("p", { class: "empty" }, "No flow listens on this channel."));
  const suggestions = flows.flatMap((flow) => ways(flow, who, actions)).slice(0, 4);
  by("first").replaceChildren(...suggestions);
}

function card(flow, who, actions) {
  const begin = el("button", { type: "button", class: "chip quiet", "data-begin": flow.name, onclick: () => askBegin(flow, actions) }, "Begin it");
  return el("section", { class: "card" }, el("h3", {}, flow.name), flow.title ? el("p", {}, flow.title) : undefined,
    el("div", { class: "chips" }, ways(flow, who, actions), begin));
}

function ways(flow, who, actions) {
  return flow.starts.filter((start) => !start.channels || start.channels.includes(who.channel)).flatMap((start) => {
    if (start.keywords) return start.keywords.slice(0, 3).map((word) => keyword(word, actions));
    if (start.any) return el("button", { type: "button", class: "chip", onclick: () => actions.write({ text: "Hi" }) }, "any message: “Hi”");
    if (start.event) return el("button", { type: "button", class: "chip event", "data-event": start.event, onclick: () => askEvent(start, who, actions) }, `event ${start.event}`);
    return [];
  });
}

// A keyword with `*` is one that something is written behind.
function keyword(word, actions) {
  if (!word.includes("*")) return el("button", { type: "button", class: "chip", onclick: () => actions.write({ text: word }) }, `“${word}”`);
  return el("button", { type: "button", class: "chip", onclick: () => actions.prepare(word.replace(/\s*\*.*$/, " ")) }, `“${word.replace("*", "…")}”`);
}

function sample(field, who) {
  const soon = new Date(Date.now() + 7 * 864e5);
  const name = field.path ?? field.name;
  switch (field.type) {
    case "phone": return /clinic|callback|support|office/.test(name) ? "+442079460000" : who.number;
    case "number": return "10";
    case "moment": return `${soon.toISOString().slice(0, 11)}14:30:00Z`;
    case "date": return soon.toISOString().slice(0, 10);
    case "time": return "14:30";
    case "boolean": return "true";
    case "email": return "ada@example.org";
    case "duration": return "1h";
  }
  if (field.choices?.length) return field.choices[0];
  if (/phone|number$/.test(name) && /phone/.test(name)) return who.number;
  if (/language/.test(name)) return who.language || "en";
  if (/last_name/.test(name)) return "Okoro";
  if (/name/.test(name)) return "Ada";
  return /id$|key$/.test(name) ? `A${Math.floor(Math.random() * 900 + 100)}` : "";
}

function input(field, who, required) {
  const name = field.path ?? field.name;
  const id = `field-${name.replaceAll(".", "-")}`;
  const list = field.choices?.length ? el("datalist", { id: `${id}-list` }, field.choices.map((c) => el("option", { value: c }))) : undefined;
  const box = el("input", { id, name, value: sample(field, who), autocomplete: "off", spellcheck: "false", required, list: list && `${id}-list` });
  return el("label", { class: "field", for: id }, el("span", {}, name, el("small", {}, field.type === "any" ? "" : ` ${field.type}`)), box, list);
}

// `customer.id` becomes {customer: {id: …}}; what is empty is left out.
function dataOf(form, fields) {
  const data = {};
  for (const { path, name, type } of fields) {
    const text = String(form.get(path ?? name) ?? "").trim();
    if (!text) continue;
    const value = type === "number" && !Number.isNaN(Number(text)) ? Number(text) : type === "boolean" ? text === "true" : text;
    const keys = (path ?? name).split(".");
    const last = keys.pop();
    let inner = data;
    for (const key of keys) inner = inner[key] ??= {};
    inner[last] = value;
  }
  return data;
}

function askEvent(start, who, actions) {
  const fields = start.fields.filter((f) => !start.fields.some((other) => other.path.startsWith(`${f.path}.`)));
  ask(`Event ${start.event}`, [
    el("p", { class: "hint" }, "What another system would tell the service. The phone in it is this one."),
    ...fields.map((field) => input(field, who, false)),
  ], { action: "Let it happen", submit: (form) => actions.event(start.event, dataOf(form, fields)) });
}

function askBegin(flow, actions) {
  const who = actions.who();
  if (!flow.needs.some((need) => need.required)) return actions.begin(flow.name, {});
  ask(`Begin ${flow.name}`, flow.needs.map((need) => input(need, who, need.required)), {
    action: "Begin", submit: (form) => actions.begin(flow.name, dataOf(form, flow.needs), true),
  });
}
