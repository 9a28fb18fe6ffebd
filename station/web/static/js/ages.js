// <time data-age="UTC seconds">: "3 s ago", kept true each second.
import { now_s, words } from "./page.js";

const STEPS = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];

export function age(t_s) {
  const passed = Math.max(0, Math.floor(now_s() - t_s));
  if (passed < 2) return words.age.now;
  const [size, unit] = STEPS.find(([seconds]) => passed >= seconds);
  return words.age[unit].replace("{n}", Math.floor(passed / size));
}

export function refreshAges() {
  for (const element of document.querySelectorAll("[data-age]")) {
    const text = age(Number(element.dataset.age));
    if (element.textContent !== text) element.textContent = text;
  }
}

export function startAges() {
  refreshAges();
  setInterval(refreshAges, 1000);
}
