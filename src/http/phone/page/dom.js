// Elements in one expression. Text is always text: nothing that somebody wrote is ever read as HTML.

export const by = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

// What stands between backticks is a name.
export const named = (text) => String(text ?? "").split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));

const DIALOG = by("dialog");

// One dialog for everything. `submit` may refuse by throwing; the reason is shown and the dialog stays.
export function ask(title, body, { submit, action = "Send", wide = false } = {}) {
  by("dialog-title").textContent = title;
  DIALOG.classList.toggle("wide", wide);
  const problem = el("p", { class: "problem", role: "alert" });
  const buttons = submit ? [el("div", { class: "row end" }, el("button", { class: "main" }, action))] : [];
  by("dialog-body").replaceChildren(...[body].flat(), problem, ...buttons);
  by("dialog-form").onsubmit = async (event) => {
    event.preventDefault();
    if (!submit) return;
    try {
      problem.textContent = "";
      await submit(new FormData(event.target));
      DIALOG.close();
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  DIALOG.showModal();
  by("dialog-body").querySelector("input, select, textarea, button")?.focus();
}

export const closeDialog = () => DIALOG.close();
by("dialog-close").addEventListener("click", closeDialog);
DIALOG.addEventListener("click", (event) => {
  if (event.target === DIALOG) closeDialog();
});

let fading;
export function say(text, bad = false) {
  const status = by("status");
  status.textContent = text;
  status.classList.toggle("bad", bad);
  clearTimeout(fading);
  fading = setTimeout(() => { status.textContent = ""; }, bad ? 12000 : 5000);
}
