// The pages' languages.
import { en, type Word } from "./words/en";
import { zh } from "./words/zh";

export type { Word } from "./words/en";
export type Language = "en" | "zh";

const TEXTS: Record<Language, Record<Word, string>> = { en, zh };
let current: Language = "en";

export function language(): Language {
  return current;
}

export function speak(chosen: Language): void {
  current = chosen;
}

/** The language to begin with: the one chosen before, else the browser's. */
export function first(kept: string | null, offered: readonly string[]): Language {
  if (kept === "en" || kept === "zh") return kept;
  for (const each of offered) {
    if (each.toLowerCase().startsWith("zh")) return "zh";
    if (each.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

/** A text; `{name}` in it becomes what is given for it. */
export function t(word: Word, given: Readonly<Record<string, string | number>> = {}): string {
  return TEXTS[current][word].replace(/\{(\w+)\}/g, (whole, name: string) => String(given[name] ?? whole));
}

/** Whether there is a word of that name, which is made of parts. */
export function spoken(word: string): boolean {
  return Object.hasOwn(en, word);
}

/** A word whose name is made of parts; what there is no word for is shown as it is. */
export function known(word: string, given: Readonly<Record<string, string | number>> = {}): string {
  return spoken(word) ? t(word as Word, given) : word;
}
