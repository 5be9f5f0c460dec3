// A page's heatmap: its cells where they are on the page, coloured by how much was done in them.
import type { Heatmap } from "../answers";
import { h } from "../dom";
import type { Look } from "../look";
import { t } from "../words";

export type Viewport = Heatmap["viewports"][number];

// What a window of a class is drawn as wide as, in CSS pixels.
const WIDTHS: Readonly<Record<number, number>> = { [-1]: 1280, 0: 400, 480: 640, 768: 900, 1024: 1152, 1280: 1440, 1920: 1920 };
const LEAST_HEIGHT = 600;

export interface Sheet {
  /** Of the page, in CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly most: { readonly x: number; readonly y: number; readonly events: number };
}

/** How large the page is that the cells are on: as wide as such windows are, as long as something was done. */
export function sheet({ least_width, cells }: Viewport, pixels: number): Sheet {
  const most = cells.reduce((best, cell) => (cell.events > best.events ? cell : best), { x: 0, y: 0, events: 0 });
  const right = Math.max(0, ...cells.map(({ x }) => (x + 1) * pixels));
  const bottom = Math.max(0, ...cells.map(({ y }) => (y + 1) * pixels));
  return { width: Math.max(WIDTHS[least_width] ?? least_width, right), height: Math.max(LEAST_HEIGHT, bottom), most };
}

/** From 0 (few) to 1 (many), so that what is ten times as much looks as much more as from one to ten. */
export function warmth(events: number, most: number): number {
  return most <= 1 ? 1 : Math.log(1 + events) / Math.log(1 + most);
}

export function colour(share: number, scale: readonly string[]): string {
  return scale[Math.min(scale.length - 1, Math.max(0, Math.ceil(share * scale.length) - 1))] ?? "#888888";
}

/**
 * Draw into a canvas of this width; what lies under the pointer is told to `over`.
 *
 * @param behind a picture of the page, as wide as the page is, which shines through the cells.
 */
export function canvas(viewport: Viewport, pixels: number, width: number, look: Look, over: (said: string) => void, behind?: ImageBitmap): HTMLCanvasElement {
  const { width: wide, height, most } = sheet(viewport, pixels);
  const scale = width / wide;
  const sharp = window.devicePixelRatio || 1;
  const element = h("canvas", { width: Math.round(width * sharp), height: Math.round(height * scale * sharp), role: "img" });
  element.style.width = `${width}px`;
  element.style.height = `${height * scale}px`;
  const pen = element.getContext("2d");
  if (!pen) return element;
  pen.scale(scale * sharp, scale * sharp);
  pen.fillStyle = look.surface;
  pen.fillRect(0, 0, wide, height);
  if (behind) pen.drawImage(behind, 0, 0, wide, (wide * behind.height) / behind.width);
  else ruler(pen, wide, height, look, 1 / scale);
  pen.globalAlpha = behind ? 0.65 : 1;
  for (const { x, y, events } of viewport.cells) {
    pen.fillStyle = colour(warmth(events, most.events), look.scale);
    pen.fillRect(x * pixels, y * pixels, pixels, pixels);
  }
  const byPlace = new Map(viewport.cells.map(({ x, y, events }) => [`${x}/${y}`, events]));
  element.addEventListener("pointermove", (event) => {
    const x = Math.floor(event.offsetX / scale / pixels);
    const y = Math.floor(event.offsetY / scale / pixels);
    over(`x ${x * pixels}–${(x + 1) * pixels - 1}, y ${y * pixels}–${(y + 1) * pixels - 1} px: ${byPlace.get(`${x}/${y}`) ?? 0} ${t("events")}`);
  });
  element.addEventListener("pointerleave", () => over(""));
  return element;
}

/** A line every 200 pixels, so that places can be found on the page itself. */
function ruler(pen: CanvasRenderingContext2D, width: number, height: number, look: Look, thin: number): void {
  pen.strokeStyle = look.line;
  pen.fillStyle = look.muted;
  pen.lineWidth = thin;
  pen.font = `${11 * thin}px system-ui, sans-serif`;
  for (let x = 200; x < width; x += 200) {
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, height);
    pen.stroke();
    pen.fillText(String(x), x + 3 * thin, 11 * thin);
  }
  for (let y = 200; y < height; y += 200) {
    pen.beginPath();
    pen.moveTo(0, y);
    pen.lineTo(width, y);
    pen.stroke();
    pen.fillText(String(y), 3 * thin, y - 3 * thin);
  }
}
