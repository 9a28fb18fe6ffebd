// What the server tells every page: words in the page's language, server time, the CSRF token.
export const words = JSON.parse(document.getElementById("words").textContent);
const skew_ms = Number(document.documentElement.dataset.nowMs) - Date.now();

export const now_s = () => (Date.now() + skew_ms) / 1000;
export const csrf = () => document.querySelector('meta[name="csrf-token"]').content;
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
