// Put a panel's fresh HTML in the place of the old one, without disturbing who is reading or pressing in it.
import { refreshAges } from "./ages.js";
import { csrf } from "./page.js";

const HELD_MS = 20000; // marked text holds its panel so long; then the state of the field is more important

const waiting = new Map(); // id -> { html, since }

function marked(panel) {
  const selection = document.getSelection();
  return selection && !selection.isCollapsed && panel.contains(selection.anchorNode);
}

function remember(panel) {
  const stops = [...panel.querySelectorAll("a, button, summary, [tabindex]")];
  return {
    open: [...panel.querySelectorAll("details[open][id]")].map((details) => details.id),
    scrolled: [...panel.querySelectorAll("[data-keep-scroll]")].map((box) => box.scrollTop),
    focus: stops.indexOf(document.activeElement),
  };
}

function restore(panel, state) {
  for (const id of state.open) panel.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  panel.querySelectorAll("[data-keep-scroll]").forEach((box, n) => { box.scrollTop = state.scrolled[n] ?? 0; });
  if (state.focus >= 0) panel.querySelectorAll("a, button, summary, [tabindex]")[state.focus]?.focus({ preventScroll: true });
}

export function put(id, html) {
  const panel = document.getElementById(id);
  if (!panel) return;
  const since = waiting.get(id)?.since ?? Date.now();
  if (marked(panel) && Date.now() - since < HELD_MS) return void waiting.set(id, { html, since });
  waiting.delete(id);
  const state = remember(panel);
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  const fresh = template.content.firstElementChild;
  for (const field of fresh.querySelectorAll('input[name="csrf_token"]')) field.value = csrf(); // the stream has none
  panel.replaceWith(fresh);
  restore(fresh, state);
  refreshAges();
}

export function putWaiting() {
  for (const [id, { html }] of waiting) put(id, html);
}
