// Entry of every page: ages that tick, the live link, charts, the plan picture, signs of life.
import { startAges } from "./ages.js";
import { changed, startKept } from "./kept.js";
import { startLive } from "./live.js";
import { startPlan } from "./plan.js";
import { startSession } from "./session.js";

startAges();
startSession();
startKept(); // before the pictures of forms
startPlan();

const charts = document.querySelector("[data-chart]") ? (await import("./charts.js")).startCharts() : null;
startLive(charts);

// A form is sent once: the second press of an impatient hand does nothing.
// Heard at the document: a live panel brings its forms anew.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
// Back from the history keeps the page alive with `sent` set: allow it again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
// Language and theme load the page anew: ask before that throws away what was typed.
const draft = document.querySelector("form[data-draft]");
for (const form of document.querySelectorAll("form[data-ask]")) {
  form.addEventListener("submit", (event) => {
    if (draft && changed(draft) && !confirm(form.dataset.ask)) event.preventDefault();
  });
}
document.querySelector('[aria-invalid="true"]')?.focus(); // a refused form: straight to its first fault
for (const control of document.querySelectorAll("[data-submit-on-change]")) {
  control.addEventListener("change", () => control.form.requestSubmit());
}
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
