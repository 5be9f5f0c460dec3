/** Clicks anywhere: on an item, on an element that stands for an action, and on anything else, for heatmaps. */

import type { Properties } from "./event";
import { dealOf, isOff, itemOf, ITEM, nearest, pathOf, placeOf } from "./markup";
import { listen, type Reporter } from "./watchers";

export class Clicks {
  constructor(
    private readonly reporter: Reporter,
    signal: AbortSignal,
  ) {
    listen(reporter, document, "click", signal, (event) => this.clicked(event as MouseEvent));
    // The middle button opens an item in a tab of its own. The right one opens a menu: that is no click on the item.
    listen(reporter, document, "auxclick", signal, (event) => {
      if ((event as MouseEvent).button === 1) this.clicked(event as MouseEvent);
    });
  }

  private clicked(event: MouseEvent): void {
    const target = event.composedPath()[0];
    if (!(target instanceof Element) || isOff(target)) return;
    const where: Properties = { element_id: pathOf(target), ...placeOf(target) };
    // A click by keyboard happens nowhere.
    if (event.detail > 0 || event.pageX > 0 || event.pageY > 0) Object.assign(where, { x: event.pageX, y: event.pageY });
    const action = nearest(target, "data-cs-action");
    const item = action ? itemOf(target) : nearest(target, ITEM);
    if (item) where.item_id = item;
    if (action) this.reporter.report(action, { ...where, ...dealOf(target) });
    else this.reporter.report("click", where);
  }
}
