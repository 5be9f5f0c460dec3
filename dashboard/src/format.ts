// Numbers, durations and times as people read them.
import { language } from "./words";

const DASH = "–";

function locale(): string {
  return language() === "zh" ? "zh-CN" : "en-GB";
}

export function count(value: number | null): string {
  return value === null ? DASH : new Intl.NumberFormat(locale(), { maximumFractionDigits: 0 }).format(value);
}

/** 1234567 as 1.2M: for axes. */
export function short(value: number): string {
  // British English writes 1.3m, which reads as metres.
  return new Intl.NumberFormat(language() === "zh" ? "zh-CN" : "en-US", { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

export function decimal(value: number | null, digits = 1): string {
  if (value === null) return DASH;
  return new Intl.NumberFormat(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** The service tells rates in percent: 12.5 is 12.50%. */
export function percent(value: number | null, digits = 2): string {
  return value === null ? DASH : `${decimal(value, digits)}%`;
}

/** With its sign; what rounds to nothing has none. */
export function change(value: number | null): string {
  if (value === null) return DASH;
  const text = decimal(Math.abs(value), 1);
  if (!/[1-9]/.test(text)) return "0%";
  return `${value > 0 ? "+" : "−"}${text}%`;
}

/** 0.42 s, 8.5 s, 3 min 20 s, 2 h 5 min, 3 d 4 h: two units at the most. */
export function duration(seconds: number | null): string {
  if (seconds === null) return DASH;
  const words = language() === "zh" ? { s: "秒", min: "分", h: "小时", d: "天" } : { s: " s", min: " min", h: " h", d: " d" };
  const gap = language() === "zh" ? "" : " ";
  if (seconds < 10) return decimal(seconds, seconds < 1 ? 2 : 1) + words.s;
  const units: [number, string][] = [
    [86_400, words.d],
    [3600, words.h],
    [60, words.min],
    [1, words.s],
  ];
  const whole = Math.round(seconds);
  const at = units.findIndex(([size]) => whole >= size);
  const [size, name] = units[at] ?? [1, words.s];
  const next = units[at + 1];
  const rest = next ? Math.floor((whole % size) / next[0]) : 0;
  return `${Math.floor(whole / size)}${name}` + (next && rest ? `${gap}${rest}${next[1]}` : "");
}

export function bytes(value: number | null): string {
  if (value === null) return DASH;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${decimal(value, at && value < 100 ? 1 : 0)} ${units[at]}`;
}

/** Time of day, in a time zone; `ms` since the epoch. */
export function clock(ms: number | null, zone: string): string {
  if (ms === null) return DASH;
  return new Intl.DateTimeFormat(locale(), { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }).format(ms);
}

/** Day and time of day, in a time zone; `ms` since the epoch. */
export function moment(ms: number, zone: string): string {
  return `${day(new Date(ms + offset(ms, zone)).toISOString())} ${clock(ms, zone)}`;
}

/** How far the clock on the wall is ahead of UTC, in ms. */
function offset(ms: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", hourCycle: "h23" }).formatToParts(ms);
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value);
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute")) - Math.floor(ms / 60_000) * 60_000;
}

/** A day such as 2026-03-01, in words: Sun 1 Mar, 3月1日周日. */
export function day(date: string): string {
  const moment = new Date(`${date.slice(0, 10)}T00:00:00Z`);
  return new Intl.DateTimeFormat(locale(), { timeZone: "UTC", weekday: "short", day: "numeric", month: "short" }).format(moment);
}

/** The beginning of an hour as the service writes it, with the offset of its zone: the digits on the wall's clock. */
export function hour(timestamp: string): string {
  return `${day(timestamp)} ${timestamp.slice(11, 16)}`;
}
