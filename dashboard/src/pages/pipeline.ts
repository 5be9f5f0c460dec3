// Whether the platform keeps up: jobs with lag and checkpoints, topics, and what was put aside.
import type { Job, Pipeline, Topic } from "../answers";
import { ask } from "../ask";
import { keepAsking } from "../asking";
import { h, replace } from "../dom";
import { Panel } from "../panel";
import { said } from "../reasons";
import { type Table, element } from "../table";
import { known, spoken, t } from "../words";
import { letterPanels } from "./letters";
import type { Given, MakePage } from "./page";

const REFRESH_SECONDS = 5;

/** A tenant's reader sees what was put aside of the tenant; the state of the platform is for who looks after it. */
export const pipeline: MakePage = (given) => [...(given.session.roles.includes("admin") ? platformPanels(given) : []), ...letterPanels(given)];

function platformPanels(given: Given): HTMLElement[] {
  const jobs: Panel<Pipeline> = new Panel<Pipeline>(
    {
      name: "jobs",
      title: t("jobs"),
      note: t("pipelineNote"),
      zone: given.zone,
      isEmpty: () => false,
      drawsTable: true,
      table: (answer) => jobTable(answer.jobs, Date.now()),
      draw: (answer, into) => {
        const link = answer.flink_page ? h("p", {}, h("a", { href: answer.flink_page, rel: "noreferrer", target: "_blank" }, t("flinkPage"))) : null;
        const away = answer.flink_away ? h("p", { class: "alarm", role: "alert" }, said(answer.flink_away, answer.flink_reason)) : null;
        const none = !answer.flink_away && !answer.jobs.length ? h("p", { class: "alarm", role: "alert" }, t("noJobs")) : null;
        const shown = answer.jobs.length ? h("div", { class: "scroll" }, marked(answer.jobs, element(jobTable(answer.jobs, Date.now()), given.zone))) : null;
        replace(into, away, none, shown, link);
      },
    },
    () => asking.now(),
  );
  const topics: Panel<Pipeline> = new Panel<Pipeline>(
    {
      name: "topics",
      title: t("topics"),
      zone: given.zone,
      isEmpty: () => false,
      drawsTable: true,
      table: (answer) => topicTable(answer.topics),
      draw: (answer, into) => {
        const away = answer.kafka_away ? h("p", { class: "alarm", role: "alert" }, said(answer.kafka_away, answer.kafka_reason)) : null;
        const shown = answer.topics.length ? h("div", { class: "scroll" }, element(topicTable(answer.topics), given.zone)) : null;
        replace(into, away, shown);
      },
    },
    () => asking.now(),
  );
  const both = {
    answered: (answer: Pipeline) => [jobs, topics].forEach((panel) => panel.answered(answer)),
    failed: (error: unknown) => [jobs, topics].forEach((panel) => panel.failed(error)),
  };
  const asking = keepAsking(() => both, (signal) => ask<Pipeline>("pipeline", { tenant_id: given.tenant }, signal), REFRESH_SECONDS, given.life);
  return [jobs.element, topics.element];
}

/** States in colour; the word says the same. */
function marked(jobs: readonly Job[], table: HTMLTableElement): HTMLTableElement {
  table.querySelectorAll("tbody tr").forEach((row, at) => {
    const cell = row.children[1];
    const state = jobs[at]?.state ?? "";
    if (cell) replace(cell, h("span", { class: `state ${state === "running" ? "good" : "bad"}` }, stateName(state)));
  });
  return table;
}

/** A job's state; one that there is no word for is shown as Flink names it. */
function stateName(state: string): string {
  return spoken(`state_${state}`) ? known(`state_${state}`) : state;
}

export function jobTable(jobs: readonly Job[], now: number): Table {
  const ago = (at: number | null) => (at === null ? null : Math.max(0, Math.round((now - at) / 1000)));
  return {
    caption: t("jobs"),
    columns: [
      { name: t("job"), unit: "text" },
      { name: t("state"), unit: "text" },
      { name: t("lag"), unit: "count" },
      { name: t("uncommitted"), unit: "count" },
      { name: t("started"), unit: "seconds" },
      { name: t("checkpoints"), unit: "count" },
      { name: t("failedCheckpoints"), unit: "count" },
      { name: t("lastCheckpoint"), unit: "seconds" },
      { name: t("checkpointTook"), unit: "seconds" },
      { name: t("checkpointSize"), unit: "bytes" },
      { name: t("lastFailure"), unit: "text" },
    ],
    rows: jobs.map((job) => [
      job.name,
      stateName(job.state),
      job.lag,
      job.uncommitted,
      ago(job.started_at),
      job.checkpoints,
      job.failed_checkpoints,
      ago(job.last_checkpoint_at),
      job.last_checkpoint_ms === null ? null : job.last_checkpoint_ms / 1000,
      job.last_checkpoint_bytes,
      job.last_failure,
    ]),
  };
}

function topicTable(topics: readonly Topic[]): Table {
  return {
    caption: t("topics"),
    columns: [
      { name: t("topic"), unit: "text" },
      { name: t("kind"), unit: "text" },
      { name: t("records"), unit: "count" },
    ],
    rows: topics.map(({ topic, kind, records }) => [topic, known(`kind_${kind}`), records]),
  };
}
