// What the service answers, as /openapi.json describes it.
import type { Reason } from "./reasons";

export interface Span {
  start_time: string;
  end_time: string;
  time_zone: string;
}

export interface Session {
  name: string;
  roles: string[];
  tenants: { tenant_id: string; title: string; time_zone: string }[];
  expires: string | null;
}

export interface Choices {
  scenarios: { scenario_id: string; impressions: number }[];
  pages: { page_host: string; page_path: string; events: number }[];
}

export interface Totals {
  total_recommendations: number;
  total_clicks: number;
  ctr: number;
  total_conversions: number;
  conversion_rate: number;
  active_users: number;
}

export interface Dashboard {
  overview: Totals & { total_items: number | null; active_scenarios: number | null };
  previous: Totals;
  change: Record<keyof Totals, number | null>;
  period: Span;
}

export interface Trend {
  trends: { metric_name: string; points: { timestamp: string; value: number }[] }[];
  granularity: "hour" | "day";
  period: Span;
}

export interface Item {
  label: string;
  count: number;
  impressions: number;
  clicks: number;
  conversions: number;
  ctr: number;
  ctr_low: number;
  ctr_high: number;
}

export interface Distribution {
  distribution: Item[];
  sort: string;
}

export interface Values {
  live: boolean;
  impressions: number | null;
  clicks: number | null;
  ctr: number | null;
  add_carts: number | null;
  conversions: number | null;
  conversion_rate: number | null;
  active_users: number | null;
  active_items: number | null;
  window_start: number | null;
  window_end: number | null;
  updated_at: number | null;
}

/** A source of a stream that does not answer. */
export interface Away {
  source: string;
  detail: string;
  reason: Reason;
}

export interface LivePlace {
  scenario_id: string;
  values: Values;
  items: { item_id: string; score: number }[];
}

export interface Live {
  places: LivePlace[];
}

export interface Step {
  step: string;
  users: number;
  rate: number;
  step_rate: number;
  dropped: number;
  median_seconds: number | null;
  p90_seconds: number | null;
}

export interface Funnel {
  steps: Step[];
  groups: { value: string; steps: Step[] }[];
  window_seconds: number;
  breakdown: string;
}

export interface Retention {
  cohorts: { cohort: string; users: number; returned: number[]; rates: number[] }[];
  unit: "day" | "week";
}

export interface Paths {
  links: { step: number; source: string; target: string; sessions: number }[];
  of: "page" | "item";
  direction: "from" | "to";
  start: string;
}

export interface Heatmap {
  page_path: string;
  action_type: string;
  cell_pixels: number;
  viewports: { least_width: number; events: number; cells: { x: number; y: number; events: number }[] }[];
}

export interface Lift {
  percent: number;
  low: number;
  high: number;
  significant: boolean;
}

export interface Group {
  group: string;
  users: number;
  impressions: number;
  clicks: number;
  conversions: number;
  converting_users: number;
  ctr: number;
  conversion_rate: number;
  converting_rate: number;
  ctr_lift: Lift | null;
  conversion_lift: Lift | null;
  converting_lift: Lift | null;
}

export interface Experiment {
  experiment_id: string;
  control: string;
  groups: Group[];
  mismatch_odds: number;
  mismatch: boolean;
}

export interface Experiments {
  experiments: Experiment[];
}

export interface Job {
  job_id: string;
  name: string;
  state: string;
  started_at: number;
  page: string;
  lag: number | null;
  uncommitted: number | null;
  checkpoints: number;
  failed_checkpoints: number;
  last_checkpoint_at: number | null;
  last_checkpoint_ms: number | null;
  last_checkpoint_bytes: number | null;
  last_failure: string | null;
}

export interface DeadLetters {
  total: number;
  counts: { kind: string; reason: string; count: number }[];
  letters: { kind: string; reason: string; kept_at: string; scenario_id: string; event_id: string; field: string; message: string }[];
  complete: boolean;
  scanned: number;
}

export interface Topic {
  topic: string;
  kind: string;
  records: number | null;
}

export interface Pipeline {
  flink_page: string;
  flink_away: string | null;
  flink_reason: Reason | null;
  jobs: Job[];
  kafka_away: string | null;
  kafka_reason: Reason | null;
  topics: Topic[];
}
