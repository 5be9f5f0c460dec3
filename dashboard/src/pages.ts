// The pages by name.
import { catalogue } from "./pages/catalogue";
import { experiments } from "./pages/experiments";
import { funnel } from "./pages/funnel";
import { heatmap } from "./pages/heatmap";
import { hot } from "./pages/hot";
import { overview } from "./pages/overview";
import type { MakePage } from "./pages/page";
import { paths } from "./pages/paths";
import { pipeline } from "./pages/pipeline";
import { retention } from "./pages/retention";
import type { Page } from "./view";

export const MAKE: Readonly<Record<Page, MakePage>> = { overview, funnel, retention, paths, heatmap, experiments, hot, pipeline, catalogue };
