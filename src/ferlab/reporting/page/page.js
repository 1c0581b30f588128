"use strict";
(() => {
  const root = document.documentElement, theme = document.getElementById("theme");
  const show = (dark) => {
    root.dataset.theme = dark ? "dark" : "light";
    theme.textContent = dark ? "light" : "dark";
  };
  const wish = matchMedia("(prefers-color-scheme: dark)");
  show(wish.matches);
  wish.addEventListener("change", (event) => show(event.matches));
  theme.addEventListener("click", () => show(root.dataset.theme !== "dark"));

  const body = document.querySelector("#table tbody"), heads = [...document.querySelectorAll("#table thead th")];
  const key = (row, column) => row.cells[column].dataset.sort;
  const compare = (a, b) => {
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { sensitivity: "base" }) : x - y;
  };
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    // numbers begin with the largest, words with a
    const before = head.getAttribute("aria-sort"), first = head.classList.contains("number") ? "descending" : "ascending";
    const now = before ? (before === "ascending" ? "descending" : "ascending") : first;
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", now);
    const rows = [...body.rows], known = rows.filter((row) => key(row, column) !== "");
    known.sort((a, b) => compare(key(a, column), key(b, column)) * (now === "ascending" ? 1 : -1));
    body.append(...known, ...rows.filter((row) => key(row, column) === ""));
  }));

  const filter = document.getElementById("filter"), count = document.getElementById("count");
  const narrow = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      left += row.hidden ? 0 : 1;
      const details = document.getElementById("row-" + row.dataset.row);
      if (details) details.hidden = row.hidden;
    }
    count.textContent = `${left} of ${body.rows.length} rows`;
  };
  filter.addEventListener("input", narrow);
  narrow();

  const open = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  addEventListener("hashchange", open);
  open();
})();
