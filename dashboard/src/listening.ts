// A stream of server-sent events that comes back by itself, also where a browser would give up.
import { AskError, type Parameters, address, ask } from "./ask";
import type { Lifetime } from "./asking";

// The service says something every few seconds; after so long without a word the connection is taken for dead.
const SILENCE_MS = 15_000;
const PAUSE_MS = 2000;

/**
 * Listen until the lifetime ends.
 *
 * @param parameters what is asked for, as of now: the last 24 hours begin later by and by, and today is another day after
 *   midnight. When they have changed, the stream is opened anew.
 * @param heard by the event's name, what is done with its data.
 * @param lost called when the stream breaks off, once each time.
 */
export function listen(path: string, parameters: () => Parameters, heard: Readonly<Record<string, (data: unknown) => void>>, lost: (error: AskError) => void, life: Lifetime): void {
  let source: EventSource | undefined;
  let opened = "";
  let silence: ReturnType<typeof setTimeout> | undefined;
  let pause: ReturnType<typeof setTimeout> | undefined;

  function open(): void {
    if (life.signal.aborted) return;
    opened = address(path, parameters());
    source = new EventSource(opened);
    for (const [name, act] of Object.entries(heard)) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        awake();
        act(JSON.parse(event.data));
      });
    }
    source.addEventListener("alive", awake);
    source.onerror = () => void broken(new AskError("away", ""));
    wait();
  }

  function awake(): void {
    if (address(path, parameters()) === opened) return wait();
    close();
    open();
  }

  function wait(): void {
    clearTimeout(silence);
    silence = setTimeout(() => void broken(new AskError("away", "")), SILENCE_MS);
  }

  async function broken(error: AskError): Promise<void> {
    close();
    if (life.signal.aborted) return;
    // An EventSource does not tell why: whether the token has ended must be asked.
    let why = error;
    try {
      await ask("session", {}, life.signal);
    } catch (found) {
      if (life.signal.aborted) return;
      if (found instanceof AskError) why = found;
      if (why.kind === "signed-out") document.dispatchEvent(new Event("signed-out"));
    }
    lost(why);
    clearTimeout(pause);
    pause = setTimeout(open, PAUSE_MS);
  }

  function close(): void {
    clearTimeout(silence);
    source?.close();
  }

  life.signal.addEventListener("abort", () => {
    close();
    clearTimeout(pause);
  });
  open();
}
