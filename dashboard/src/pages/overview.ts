// The figures as they grow, the last hour of each place, how rates and numbers went, and the top items.
import type { Away, Dashboard, Live } from "../answers";
import { AskError } from "../ask";
import { listen } from "../listening";
import type { Panel } from "../panel";
import { said } from "../reasons";
import { figuresPanel } from "./figures";
import { livePanel } from "./live";
import { type Given, type MakePage, places, scope } from "./page";
import { topItems } from "./top_items";
import { trendPanels } from "./trends";

export const overview: MakePage = (given) => {
  const figures = figuresPanel(given);
  const live = livePanel(given);
  follow(given, figures, live);
  return [figures.element, live.element, ...trendPanels(given), topItems(given)];
};

/** One stream tells the figures and the last hour. */
function follow(given: Given, figures: Panel<Dashboard>, live: Panel<Live>): void {
  const shown = places(given);
  if (!shown.length) live.answered({ places: [] });
  listen(
    "stream",
    () => ({ ...scope(given), figures: "true", place: shown }),
    {
      figures: (data) => figures.answered(data as Dashboard),
      live: (data) => live.answered(data as Live),
      away: (data) => {
        const { source, detail, reason } = data as Away;
        (source === "live" ? live : figures).failed(new AskError("away", said(detail, reason)));
      },
    },
    (error) => {
      figures.failed(error);
      if (shown.length) live.failed(error);
    },
    given.life,
  );
}
