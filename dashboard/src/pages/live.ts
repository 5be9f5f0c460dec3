// The last hour of each place, as Redis has it.
import type { Live } from "../answers";
import { Panel } from "../panel";
import { t } from "../words";
import type { Given } from "./page";

export function livePanel(given: Given): Panel<Live> {
  return new Panel<Live>(
    {
      name: "live",
      title: t("live"),
      note: t("approximate"),
      zone: given.zone,
      isEmpty: (answer) => answer.places.every(({ values }) => !values.live),
      table: (answer) => ({
        caption: t("live"),
        columns: [
          { name: t("scenario"), unit: "text" },
          { name: t("impressions"), unit: "count" },
          { name: t("clicks"), unit: "count" },
          { name: t("ctr"), unit: "percent" },
          { name: t("add_carts"), unit: "count" },
          { name: t("conversions"), unit: "count" },
          { name: `${t("active_users")} ≈`, unit: "count" },
          { name: `${t("active_items")} ≈`, unit: "count" },
          { name: t("updated_at"), unit: "time" },
        ],
        rows: answer.places.map(({ scenario_id, values }) => [
          scenario_id,
          values.impressions,
          values.clicks,
          values.ctr,
          values.add_carts,
          values.conversions,
          values.active_users,
          values.active_items,
          values.updated_at,
        ]),
      }),
    },
    () => undefined,
  );
}
