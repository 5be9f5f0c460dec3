// Keeps the hot list in the order that Redis has now, and shows one category of it or all.
//
// What is seen and clicked of it needs no code: the tracker reads the data-cs-* attributes.

const SECONDS = 1;

/** Follows the hot list in `list`; `note` says what is wrong. Returns a function that shows a category. */
export function follow(list, note) {
  const rows = new Map([...list.children].map((row) => [row.dataset.csItem, row]));
  let order = [...rows.keys()];
  let category = "";

  function show() {
    const shown = order.map((id) => rows.get(id)).filter((row) => !category || row.dataset.category === category);
    const before = new Map([...list.children].map((row) => [row, row.getBoundingClientRect().top]));
    for (const row of [...list.children]) if (!shown.includes(row)) row.remove();
    // Only what has another place is moved: a row that is taken out and put back loses the focus.
    shown.forEach((row, index) => {
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
    });
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const row of shown) {
      const distance = (before.get(row) ?? row.getBoundingClientRect().top) - row.getBoundingClientRect().top;
      if (distance) row.animate([{ transform: `translateY(${distance}px)` }, {}], { duration: 350, easing: "ease-out" });
    }
  }

  async function refresh() {
    if (document.hidden) return;
    try {
      const answer = await fetch("/api/hot");
      if (!answer.ok) throw new Error(answer.status);
      const { items } = await answer.json();
      for (const { item_id, score } of items) {
        rows.get(item_id).querySelector(".score").textContent = score ? score.toFixed(1) : "";
      }
      note.textContent = "";
      const next = items.map((item) => item.item_id);
      if (next.join() !== order.join()) {
        order = next;
        show();
      }
    } catch {
      note.textContent = "The order is not live at the moment.";
    }
  }

  (async () => {
    for (;;) {
      await refresh();
      await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    }
  })();
  return (chosen) => {
    category = chosen;
    show();
  };
}
