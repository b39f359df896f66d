// The conversation as a test: its YAML to copy, to download, or put beside the flow.

import { ask, by, el, say } from "./dom.js";
import * as server from "./server.js";

export function askSave(project, conversation, who) {
  if (!conversation.items.some((item) => item.kind !== "time")) return say("Say something first.", true);
  const begun = [...conversation.decisions].reverse().map((one) => one.what);
  const last = conversation.flow ?? begun.find((name) => project.flows.some((flow) => flow.name === name));
  const flow = el("select", { name: "flow", id: "save-flow" }, project.flows.map(({ name }) => el("option", { value: name }, name)));
  if (last) flow.value = last;
  const first = conversation.items.find((item) => item.kind === "me" && item.text)?.text;
  const title = el("input", { name: "title", id: "save-title", required: true, maxlength: 120, autocomplete: "off", value: first ? `somebody writes ${first.replaceAll(/[:#"'\s]+/g, " ").trim().slice(0, 60)}` : "what was tried" });
  ask("Save as a test", [
    el("label", { class: "field" }, el("span", {}, "Test of the flow"), flow),
    el("label", { class: "field" }, el("span", {}, "What it shows"), title),
  ], {
    action: "Write it down",
    submit: async (form) => {
      const asked = { number: who.number, flow: form.get("flow"), title: form.get("title") };
      const saved = await server.act("save", asked);
      // The dialog closes first: the next one has the same place.
      setTimeout(() => show(project, asked, saved));
    },
  });
}

function show(project, asked, saved) {
  const text = el("textarea", { class: "yaml", id: "yaml", readonly: true, spellcheck: "false", "aria-label": saved.file, value: saved.yaml, wrap: "off" });
  const done = el("p", { class: "hint", role: "status", id: "saved" });
  const copy = async () => {
    text.select();
    try {
      await navigator.clipboard.writeText(saved.yaml);
      done.textContent = "Copied.";
    } catch {
      done.textContent = "Selected: copy it with the keyboard.";
    }
  };
  const download = () => {
    const url = URL.createObjectURL(new Blob([saved.yaml], { type: "text/yaml" }));
    el("a", { href: url, download: saved.file }).click();
    URL.revokeObjectURL(url);
    done.textContent = "Downloaded.";
  };
  const add = async (event) => {
    event.target.disabled = true;
    try {
      const { file, title, line } = await server.act("add", asked);
      done.textContent = `“${title}” is in ${file}, line ${line}. Run: replyflow test ${asked.flow}`;
    } catch (error) {
      done.textContent = error.message;
      event.target.disabled = false;
    }
  };
  const button = (id, label, onclick, kind = "quiet") => el("button", { type: "button", id, class: kind, onclick }, label);
  const lost = saved.lost?.length ? [el("div", { class: "hint" }, el("p", {}, "Not written down:"), el("ul", {}, saved.lost.map((one) => el("li", {}, one))))] : [];
  ask(saved.file, [text, ...lost, done, el("div", { class: "row end" },
    button("copy", "Copy", copy), button("download", "Download", download),
    project.add ? button("add", `Add to flows/${saved.file}`, add, "main") : undefined)], { wide: true });
  by("yaml").scrollTop = 0;
}
