import { afterEach, describe, expect, it } from "vitest";
import * as format from "../src/format";
import { first, speak, t } from "../src/words";
import { en } from "../src/words/en";
import { zh } from "../src/words/zh";

afterEach(() => speak("en"));

describe("numbers", () => {
  it("are grouped, and what is not there is a dash", () => {
    expect([format.count(1234567), format.count(0), format.count(null), format.percent(null)]).toEqual(["1,234,567", "0", "–", "–"]);
    expect([format.percent(12.345), format.percent(100, 0), format.decimal(2.25)]).toEqual(["12.35%", "100%", "2.3"]);
  });

  it("are short on axes, in each language's own units", () => {
    expect(format.short(1_250_000)).toBe("1.3M");
    speak("zh");
    expect(format.short(1_250_000)).toBe("125万");
  });

  it("have a sign where they are changes, unless they round to nothing", () => {
    expect([12.34, -3, 0, 0.04, -0.04, 1234.56].map(format.change)).toEqual(["+12.3%", "−3.0%", "0%", "0%", "0%", "+1,234.6%"]);
    expect(format.change(null)).toBe("–");
  });
});

it("tells durations by two units at the most", () => {
  expect([0, 0.42, 8.54, 59.6, 61, 3600, 7505, 86_400, 98_000].map(format.duration)).toEqual([
    "0.00 s", "0.42 s", "8.5 s", "1 min", "1 min 1 s", "1 h", "2 h 5 min", "1 d", "1 d 3 h",
  ]);
  speak("zh");
  expect(format.duration(200)).toBe("3分20秒");
});

it("tells bytes", () => {
  expect([0, 1023, 1536, 250 * 1024, 5 * 1024 ** 3].map(format.bytes)).toEqual(["0 B", "1,023 B", "1.5 KiB", "250 KiB", "5.0 GiB"]);
});

it("tells days and hours as they are on the wall, wherever the reader is", () => {
  const plain = (text: string) => text.replace(",", ""); // which browsers write and which do not
  expect(plain(format.day("2026-03-01T00:00:00+08:00"))).toBe("Sun 1 Mar");
  expect(plain(format.moment(Date.parse("2026-02-28T23:59:58Z"), "Asia/Kolkata"))).toBe("Sun 1 Mar 05:29:58");
  expect(plain(format.hour("2026-03-01T23:00:00-10:00"))).toBe("Sun 1 Mar 23:00");
  speak("zh");
  expect(format.day("2026-03-01")).toBe("3月1日周日");
});

describe("words", () => {
  it("are there in both languages, with the same places to fill in", () => {
    const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const [word, text] of Object.entries(en)) expect(places(zh[word as keyof typeof en]), word).toEqual(places(text));
    expect(Object.values(zh).every((text) => text.trim())).toBe(true);
  });

  it("keep the published names", () => {
    speak("zh");
    expect([t("rateClick"), t("rateConversion"), t("noData")]).toEqual(["点击率", "转化率", "暂无数据"]);
  });

  it("begin in the language chosen before, else the browser's first that there is", () => {
    expect([first("zh", ["en"]), first(null, ["de-DE", "zh-Hans-CN", "en"]), first("fr", ["fr"]), first(null, ["en-US", "zh"])]).toEqual(["zh", "zh", "en", "en"]);
  });
});
