/*<![CDATA[*/
"use strict";
(() => {
  const all = (css, of = document) => Array.from(of.querySelectorAll(css));
  const by = (id) => document.getElementById(id);

  // Search and filter.
  const rows = all("#table tbody tr").map((row) => ({ row, text: row.textContent.toLowerCase() }));
  const boxes = all("#filters input[type=checkbox]");
  const search = by("search");
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const on = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let count = 0;
    for (const { row, text } of rows) {
      const fits = on.has(row.dataset.outcome) && words.every((word) => text.includes(word));
      row.hidden = !fits;
      count += Number(fits);
    }
    by("shown").textContent = `${count} of ${rows.length} decisions shown`;
    by("none").hidden = count > 0;
  };
  const clear = () => {
    search.value = "";
    boxes.forEach((box) => { box.checked = true; });
    filter();
  };
  if (search) {
    by("filters").hidden = false;
    by("filters").addEventListener("submit", (event) => event.preventDefault());
    search.addEventListener("input", filter);
    boxes.forEach((box) => box.addEventListener("change", filter));
    by("clear").addEventListener("click", () => { clear(); search.focus(); });
    filter();
  }

  // A link to a record shows and opens it.
  const open = () => {
    const target = location.hash.length > 1 ? by(location.hash.slice(1)) : null;
    const record = target && (target.querySelector("details") || target.closest("details"));
    if (!record) { return; }
    const row = target.closest("tr");
    if (row && row.hidden) { clear(); }
    record.open = true;
    record.querySelector("summary").focus({ preventScroll: true });
    record.scrollIntoView({ block: "center" });
  };
  window.addEventListener("hashchange", open);
  open();

  // Cards beside marks, in the place of the browser's own.
  const card = by("card");
  let shown = null;
  const hide = () => { card.hidden = true; shown = null; };
  const show = (mark) => {
    shown = mark;
    const lines = mark.dataset.label.split("\n").map((line) => {
      const p = document.createElement("p");
      p.textContent = line;
      return p;
    });
    const href = mark.getAttribute("href");
    const record = href && lines.length === 1 ? by(href.slice(1)) : null;
    const facts = record ? record.querySelector(".facts") : null;
    card.replaceChildren(...lines, ...(facts ? [facts.cloneNode(true)] : []));
    card.hidden = false;
    const at = mark.querySelector(".hit").getBoundingClientRect();
    const left = Math.min(at.left + at.width / 2 - card.offsetWidth / 2, document.documentElement.clientWidth - card.offsetWidth - 8);
    const below = at.bottom + 6 + card.offsetHeight < window.innerHeight || at.top < card.offsetHeight + 6;
    card.style.left = `${Math.max(8, left) + window.scrollX}px`;
    card.style.top = `${(below ? at.bottom + 6 : at.top - 6 - card.offsetHeight) + window.scrollY}px`;
  };
  for (const mark of all(".mark")) {
    const title = mark.querySelector("title");
    mark.dataset.label = title.textContent;
    mark.setAttribute("aria-label", title.textContent);
    title.remove();
    mark.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") { show(mark); } });
    mark.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && !card.matches(":hover")) { hide(); } });
    mark.addEventListener("focus", () => show(mark));
    mark.addEventListener("blur", hide);
    // The first tap shows the card, the second follows the link.
    mark.addEventListener("pointerdown", (event) => { mark.dataset.follows = String(event.pointerType === "mouse" || shown === mark); });
    mark.addEventListener("click", (event) => {
      if (mark.dataset.follows === "false") { event.preventDefault(); show(mark); } else { hide(); }
    });
  }
  card.addEventListener("pointerleave", hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") { hide(); } });

  // One stop of the tab key a lane; the arrows go along it.
  for (const lane of all("svg[role=group]")) {
    const marks = all(".mark", lane);
    marks.forEach((mark, at) => mark.setAttribute("tabindex", at === 0 ? "0" : "-1"));
    lane.addEventListener("keydown", (event) => {
      const here = marks.indexOf(document.activeElement);
      const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: marks.length - 1 }[event.key];
      if (to === undefined || !marks[to]) { return; }
      event.preventDefault();
      marks.forEach((mark, at) => mark.setAttribute("tabindex", at === to ? "0" : "-1"));
      marks[to].focus();
    });
  }
})();
/*]]>*/
