// Light and dark, and the colours that charts are drawn in.

export type Theme = "auto" | "light" | "dark";
export const THEMES: readonly Theme[] = ["auto", "light", "dark"];

export interface Look {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  /** Of series, told apart by colour-blind eyes too (Okabe and Ito 2008, adjusted for contrast). */
  readonly series: readonly string[];
  /** From few to many. */
  readonly scale: readonly string[];
  readonly good: string;
  readonly bad: string;
}

const LIGHT: Look = {
  text: "#1c2430",
  muted: "#5b6675",
  line: "#dde2e9",
  surface: "#ffffff",
  series: ["#0b63c5", "#c2570c", "#0f7a5a", "#a3337d", "#7a5c00", "#3f5f7a"],
  scale: ["#eaf2fc", "#b4d2f4", "#6ea9e6", "#2b7bd0", "#0b4f9e", "#072f63"],
  good: "#0f7a5a",
  bad: "#b3261e",
};

const DARK: Look = {
  text: "#e7ebf1",
  muted: "#9aa7b8",
  line: "#323b48",
  surface: "#171c24",
  series: ["#6cb2ff", "#ffa45c", "#4fd1a5", "#e58cc4", "#e6c84f", "#9cc0dd"],
  scale: ["#1d2a3b", "#1f4672", "#2767ad", "#4590e2", "#86bdf7", "#d3e7ff"],
  good: "#4fd1a5",
  bad: "#ff8a80",
};

let chosen: Theme = "auto";

export function wear(theme: Theme): void {
  chosen = theme;
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new Event("look"));
}

export function theme(): Theme {
  return chosen;
}

export function look(): Look {
  const dark = chosen === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
  return dark ? DARK : LIGHT;
}
