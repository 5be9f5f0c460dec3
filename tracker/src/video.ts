/**
 * What was watched of videos: custom events `video` with watch_duration, the seconds that it played in a tab that could
 * be seen, and completion_rate, the share of it that has been played so far, whatever the order.
 *
 * Reported when it has come to its end, when the tab is hidden and when the page view ends; the seconds of one video add
 * up over its events.
 */

import { isOff, itemOf, placeOf } from "./markup";
import { listen, type PageView, type Reporter, type Watcher } from "./watchers";

interface Watching {
  since: number | undefined;
  /** Milliseconds that are not reported yet. */
  watched: number;
}

export class Video implements Watcher {
  private page: PageView | undefined;
  private readonly playing = new Map<HTMLVideoElement, Watching>();

  constructor(
    private readonly reporter: Reporter,
    signal: AbortSignal,
  ) {
    const on = (type: string, handle: (video: HTMLVideoElement) => void) =>
      listen(reporter, document, type, signal, ({ target }) => {
        if (target instanceof HTMLVideoElement && !isOff(target)) handle(target);
      });
    on("playing", (video) => this.run(video));
    for (const type of ["pause", "waiting", "emptied"]) on(type, (video) => this.halt(video));
    on("ended", (video) => {
      this.halt(video);
      this.report(video);
    });
  }

  begin(page: PageView): void {
    this.page = page;
    for (const video of this.playing.keys()) {
      if (!video.isConnected) this.playing.delete(video);
    }
    this.show();
  }

  show(): void {
    for (const video of this.playing.keys()) {
      if (!video.paused && !video.ended) this.run(video);
    }
  }

  rest(): void {
    for (const video of this.playing.keys()) {
      this.halt(video);
      this.report(video);
    }
  }

  private run(video: HTMLVideoElement): void {
    const watching = this.playing.get(video) ?? { since: undefined, watched: 0 };
    this.playing.set(video, watching);
    if (document.visibilityState === "visible") watching.since ??= performance.now();
  }

  private halt(video: HTMLVideoElement): void {
    const watching = this.playing.get(video);
    if (watching?.since === undefined) return;
    watching.watched += performance.now() - watching.since;
    watching.since = undefined;
  }

  private report(video: HTMLVideoElement): void {
    const watching = this.playing.get(video);
    const seconds = Math.round((watching?.watched ?? 0) / 1000);
    if (!watching || seconds < 1) return;
    watching.watched -= seconds * 1000;
    this.reporter.report("video", {
      ...placeOf(video),
      url: this.page?.url,
      item_id: itemOf(video),
      element_id: video.id || undefined,
      watch_duration: seconds,
      completion_rate: completion(video),
      page_view: this.page?.id,
    });
  }
}

/** The share of a video that was played, each second once; undefined for one without end. */
function completion({ played, duration }: HTMLVideoElement): number | undefined {
  if (!(duration > 0 && isFinite(duration))) return undefined;
  let seconds = 0;
  for (let index = 0; index < played.length; index++) seconds += played.end(index) - played.start(index);
  return seconds / duration;
}
