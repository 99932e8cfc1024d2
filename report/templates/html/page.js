// Folds the contents away on narrow screens, marks the place the reader is at, opens what a link
// leads to, and lets the reader choose dark or light. The page is whole without it.
"use strict";
const contents = document.getElementById("contents");
const wide = matchMedia("(min-width: 68rem)");
const fold = () => { contents.open = wide.matches; };
fold();
wide.addEventListener("change", fold);
contents.addEventListener("click", (event) => {
  if (event.target.closest("a")) fold();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !wide.matches) contents.open = false;
});

const links = new Map(
  [...contents.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
const places = [...links.keys()].map((id) => document.getElementById(id));
let current = null;
const follow = () => {
  const passed = places.filter((place) => place.getBoundingClientRect().top < innerHeight / 4);
  const link = links.get((passed.at(-1) ?? places[0]).id);
  if (link === current) return;
  current?.removeAttribute("aria-current");
  current = link;
  current.setAttribute("aria-current", "true");
  const shelf = contents.parentElement, top = current.offsetTop;
  if (top < shelf.scrollTop || top > shelf.scrollTop + shelf.clientHeight - 60) {
    shelf.scrollTop = top - shelf.clientHeight / 2;
  }
};
let waiting = false;
addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; follow(); });
}, { passive: true });
follow();

// A link to a cell leads to code that is folded away.
const unfold = () => {
  const target = document.querySelector(":target");
  const folded = target?.closest("details:not(#contents)");
  if (!folded) return;
  folded.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", unfold);
unfold();

// Dark or light: as the system has it, until the reader chooses.
const dark = document.getElementById("dark"), theme = document.getElementById("theme");
const systems = matchMedia("(prefers-color-scheme: dark)");
const KEY = "wastelib-theme";
const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
const paint = (chosen) => {
  if (chosen) dark.media = chosen === "dark" ? "screen" : "not all";
  const isDark = (chosen ?? (systems.matches ? "dark" : "light")) === "dark";
  theme.textContent = isDark ? "Light" : "Dark";
  theme.setAttribute("aria-label", isDark ? "Light colours" : "Dark colours");
};
theme.addEventListener("click", () => {
  const chosen = theme.textContent.toLowerCase();
  try { localStorage.setItem(KEY, chosen); } catch { /* it holds until the page is closed */ }
  paint(chosen);
});
systems.addEventListener("change", () => { if (!remembered()) paint(null); });
theme.hidden = false;
paint(remembered());
