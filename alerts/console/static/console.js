// SPDX-License-Identifier: MIT
// Comfort only: every page works without it. Arrow keys move between a type-ahead field and its suggestions.
"use strict";

function suggestions(box) {
  return box ? Array.from(box.querySelectorAll(".suggestions button")) : [];
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp" && event.key !== "Escape") return;
  const at = event.target;
  const box = at instanceof Element ? at.closest(".picker") : null;
  if (!box) return;
  const input = box.querySelector("input[type=text]");
  if (event.key === "Escape") {
    box.querySelector(".suggestions")?.replaceChildren();
    input?.focus();
    return;
  }
  const stops = [input, ...suggestions(box)];
  const next = stops[stops.indexOf(at) + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});
