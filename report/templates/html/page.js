// Folds the contents away on narrow screens and marks the place the reader is at.
// The page is whole without it.
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
