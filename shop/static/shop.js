// What makes the pages move. The tracker is a tag of its own, and knows nothing of this.

import * as cart from "./cart.js";
import { follow } from "./hot.js";

const find = (id) => document.getElementById(id);
const changed = cart.count(find("cart-count"));

if (find("lines")) void cart.page(find("lines"), find("order"), find("heading"), changed);

if (find("hot")) {
  const choose = follow(find("hot"), find("note"));
  const tabs = [...find("tabs").children];
  const show = () => {
    const category = new URL(location).searchParams.get("category") ?? "";
    for (const tab of tabs) tab.setAttribute("aria-pressed", tab.dataset.category === category);
    document.title = category ? `Shop: ${category}` : "Shop";
    choose(category);
  };
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      const address = new URL(location);
      if (tab.dataset.category) address.searchParams.set("category", tab.dataset.category);
      else address.searchParams.delete("category");
      if (address.href !== location.href) history.pushState(null, "", address);
      show();
    });
  }
  addEventListener("popstate", show);
  show();
}

for (const [id, granted] of [["accept", true], ["refuse", false]]) {
  find(id).addEventListener("click", () => {
    (window.clickstream ??= []).push(["consent", granted]);
    find("consent").hidden = true;
  });
}
