/**
 * What the pages do beyond HTML. Everything here adds to pages that already work without it, listens on the document
 * (so parts that htmx swaps in need no set-up), and runs under a CSP without eval and inline code.
 */
"use strict";

document.documentElement.classList.add("js");

const say = (name) => document.body.dataset[name] || ""; // sentences come translated from the layout

/* ——— toasts: also from the server, by the header HX-Trigger: {"toast": {"tone": "green", "text": "…"}} ——— */
function toast(text, tone = "grey") {
  const pattern = document.getElementById(`toast-${tone}`) || document.getElementById("toast-grey");
  const place = document.getElementById("toasts");
  if (!pattern || !place) return;
  const one = pattern.content.firstElementChild.cloneNode(true);
  one.querySelector(".nc-toast-text").textContent = text;
  place.append(one);
  watch(one);
}
function watch(one) {
  if (["green", "grey"].includes(one.dataset.toast)) setTimeout(() => one.remove(), 6000);
}
document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));

/* ——— clicks ——— */
document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);

  const copied = at("[data-copy]");
  if (copied) {
    const done = () => {
      copied.classList.add("is-copied");
      setTimeout(() => copied.classList.remove("is-copied"), 1500);
      toast(say("copied"), "green");
    };
    navigator.clipboard?.writeText(copied.dataset.copy).then(done, () => toast(say("notCopied"), "amber"));
  }

  const dismissed = at("[data-dismiss]");
  if (dismissed) dismissed.closest("[data-toast]").remove();

  const opener = at("[data-drawer]");
  if (opener) document.getElementById(opener.dataset.drawer)?.showModal();

  // <button command="show-modal" commandfor="…"> for browsers that do not know it yet
  const commander = at("[commandfor]");
  if (commander && !("commandForElement" in HTMLButtonElement.prototype)) {
    const dialog = document.getElementById(commander.getAttribute("commandfor"));
    if (commander.getAttribute("command") === "show-modal") dialog?.showModal();
    if (commander.getAttribute("command") === "close") dialog?.close();
  }
  if (event.target.matches("dialog[closedby=any]") && !("closedBy" in HTMLDialogElement.prototype)) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }

  const stepped = at("[data-step]");
  if (stepped) {
    const input = stepped.parentElement.querySelector("input");
    stepped.dataset.step === "up" ? input.stepUp() : input.stepDown();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  const revealed = at("[data-show-password]");
  if (revealed) {
    const input = document.getElementById(revealed.dataset.showPassword);
    input.type = input.type === "password" ? "text" : "password";
    revealed.setAttribute("aria-pressed", String(input.type === "text"));
  }

  const all = at("[data-select-all]");
  if (all) for (const box of all.closest("table").querySelectorAll('tbody input[name="id"]')) box.checked = all.checked;

  for (const menu of document.querySelectorAll("details.nc-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details.nc-menu[open]")) menu.open = false;
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const jump = document.querySelector("[data-jump]");
    if (jump) { event.preventDefault(); jump.focus(); }
  }
});

/* ——— forms: a second click does nothing twice; what changed submits where it is asked to ——— */
document.addEventListener("submit", (event) => {
  const form = event.target;
  const sentByHtmx = form.matches("[hx-get], [hx-post]") && (form.getAttribute("hx-trigger") || "submit").includes("submit");
  if (sentByHtmx) return; // htmx guards its own
  if (form.method === "get") {
    for (const input of form.querySelectorAll("input, select")) if (input.value === "") input.disabled = true;
    setTimeout(() => { for (const input of form.querySelectorAll(":disabled")) input.disabled = false; }, 0);
    return;
  }
  if (form.dataset.sending) { event.preventDefault(); return; }
  form.dataset.sending = "1";
  event.submitter?.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => { // the back button brings a page back as it was left
  for (const form of document.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
  for (const button of document.querySelectorAll(".btn[aria-busy]")) button.removeAttribute("aria-busy");
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

/* ——— countdowns ——— */
function tick() {
  for (const clock of document.querySelectorAll("[data-until]")) {
    const left = Math.max(0, Math.round((Date.parse(clock.dataset.until) - Date.now()) / 1000));
    const pad = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(left / 3600);
    clock.textContent = `${hours ? `${hours}:` : ""}${pad(Math.floor((left % 3600) / 60))}:${pad(left % 60)}`;
    clock.classList.toggle("is-late", left < 60);
    if (left === 0 && !clock.dataset.elapsed) {
      clock.dataset.elapsed = "1";
      clock.dispatchEvent(new CustomEvent("nc:elapsed", { bubbles: true }));
    }
  }
}
setInterval(tick, 1000);

/* ——— connection ——— */
function connection() {
  const bar = document.getElementById("offline");
  if (bar) bar.hidden = navigator.onLine;
}
window.addEventListener("online", connection);
window.addEventListener("offline", connection);

/* ——— htmx: say when a part did not come ——— */
document.addEventListener("htmx:sendError", () => toast(say("noConnection"), "red"));
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.elt.closest("[data-live]")) return; // a live state asks again by itself
  toast(say("partFailed"), "red");
});
document.addEventListener("htmx:configRequest", (event) => { // an address says only what was chosen
  const sent = event.detail.formData;
  if (event.detail.verb !== "get" || !sent) return;
  for (const name of new Set(sent.keys())) if (sent.getAll(name).every((value) => value === "")) sent.delete(name);
});
document.addEventListener("htmx:beforeSwap", (event) => { // a part with errors beside its fields is an answer too
  if ([409, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
});
document.addEventListener("htmx:afterSwap", (event) => { tick(); mark(); focusFirstError(event.target); });

function focusFirstError(root = document) {
  root.querySelector?.('[aria-invalid="true"]')?.focus();
}

/* ——— compare: at most a few offers, kept for this host in the browser ——— */
const KEY = "nc-compare";
const compared = {
  read() { try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch { return []; } },
  write(items) {
    try { localStorage.setItem(KEY, JSON.stringify(items)); } catch { /* private mode: the tray lives as long as the page */ }
    document.dispatchEvent(new CustomEvent("nc:compare", { detail: items }));
  },
};
function mark() {
  const ids = new Set(compared.read().map((item) => item.id));
  for (const box of document.querySelectorAll("[data-compare]")) box.checked = ids.has(box.dataset.compare);
}
document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-compare]");
  if (!box) return;
  event.stopPropagation(); // the tray's affair, not that of the filter form around it
  const max = Number(document.querySelector("[data-max]")?.dataset.max || 4);
  const items = compared.read().filter((item) => item.id !== box.dataset.compare);
  if (box.checked && items.length >= max) {
    box.checked = false;
    toast(say("compareFull"), "amber");
    return;
  }
  if (box.checked) items.push({ id: box.dataset.compare, name: box.dataset.compareName });
  compared.write(items);
}, true);

document.addEventListener("alpine:init", () => {
  Alpine.data("compareTray", () => ({
    items: compared.read(),
    url: "",
    init() {
      this.url = this.$root.dataset.url;
      document.addEventListener("nc:compare", (event) => { this.items = event.detail; });
      window.addEventListener("storage", (event) => { if (event.key === KEY) { this.items = compared.read(); mark(); } });
    },
    get any() { return this.items.length > 0; },
    get enough() { return this.items.length > 1; },
    get alone() { return this.items.length === 1; },
    get count() { return this.items.length; },
    get link() { return `${this.url}?${this.items.map((item) => `offer=${encodeURIComponent(item.id)}`).join("&")}`; },
    drop(id) { compared.write(this.items.filter((item) => item.id !== id)); mark(); },
  }));
});

/* ——— start ——— */
document.querySelector(".nc-rail-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
tick();
mark();
connection();
focusFirstError();
for (const one of document.querySelectorAll("#toasts [data-toast]")) watch(one);
