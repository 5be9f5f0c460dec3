// The cart, kept by the browser. Events of what is put into it come from attributes; those of an order from here.

const KEY = "shop-cart";

const stored = () => JSON.parse(localStorage.getItem(KEY) ?? "{}");

/** Shows how much is in the cart, and puts in what a button of an item is clicked for. */
export function count(badge) {
  const show = () => (badge.textContent = Object.values(stored()).reduce((sum, each) => sum + each, 0));
  addEventListener("click", ({ target }) => {
    if (target.dataset?.csAction !== "add_cart") return;
    const item = target.closest("[data-cs-item], [data-cs-view]").dataset;
    const lines = stored();
    const id = item.csItem ?? item.csView;
    lines[id] = (lines[id] ?? 0) + 1;
    localStorage.setItem(KEY, JSON.stringify(lines));
    show();
  });
  show();
  return show;
}

/** Fills the cart's page, and orders what is in it: an `order` event for each line. */
export async function page(lines, button, heading, changed) {
  const { currency, products } = await (await fetch("/api/products")).json();
  const found = Object.entries(stored()).filter(([id]) => products[id]);
  for (const [id, quantity] of found) {
    const line = document.createElement("li");
    for (const [name, text] of [["name", products[id].name], ["", quantity], ["price", `${products[id].price} ${currency}`]]) {
      const part = document.createElement("span");
      part.className = name;
      part.textContent = text;
      line.append(part);
    }
    lines.append(line);
  }
  button.disabled = !found.length;
  button.addEventListener("click", () => {
    const order_id = `o-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
    window.clickstream ??= [];
    for (const [id, quantity] of found) {
      const { price } = products[id];
      window.clickstream.push(["track", "order", { item_id: id, quantity, price, currency, order_id }]);
    }
    localStorage.removeItem(KEY);
    lines.replaceChildren();
    button.disabled = true;
    heading.textContent = document.title = "Thank you";
    changed();
    const address = new URL(location);
    address.searchParams.set("ordered", order_id);
    history.pushState(null, "", address);
  });
}
