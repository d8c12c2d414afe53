import { exitCodes } from "../errors.ts";
import { decide } from "../failover/decide.ts";
import { commandsOf } from "../failover/next.ts";
import { writeResult } from "../output.ts";
import { siteConfig, siteFlag, sitePlace } from "../site.ts";
import { say } from "../terminal.ts";
import { openLook } from "./status.ts";
import { asciiTopology } from "./topology/ascii.ts";
import { mermaidTopology } from "./topology/mermaid.ts";
import { topologyOf } from "./topology/model.ts";
import { svgTopology } from "./topology/svg.ts";

const drawings = { ascii: asciiTopology, mermaid: mermaidTopology, svg: svgTopology } as const;

/**
 * `evenkeel topology`: one look, drawn. Returns 10 when anything is not as it should be, as `status` does, and says
 * beside the picture what that is and what mends it.
 */
export async function showTopology(args: { site: string; format: string }): Promise<number> {
  const place = sitePlace(args.site);
  const look = openLook(place, siteConfig(place));
  const observation = await look.once().finally(() => look.close());
  const diagnosis = decide(observation, commandsOf(siteFlag(observation.site)));
  const draw = drawings[args.format as keyof typeof drawings];
  writeResult(draw(topologyOf(observation, diagnosis)));
  for (const { what, next } of diagnosis.problems) {
    say(`! ${what}`);
    if (next !== null) say(`  next: ${next}`);
  }
  return diagnosis.state === "healthy" ? exitCodes.ok : exitCodes.degraded;
}
