import { join } from "node:path";
import { type SiteConfig, wantsDropIn } from "../../components/config.ts";
import type { Engine, StepEvent } from "../engine/setup.ts";
import { interrupts } from "../interrupt.ts";
import { secondsText } from "../progress.ts";
import { isThere } from "../site/durable.ts";
import { home } from "../site.ts";
import type { PulumiEngine } from "../stacks.ts";
import { say, terminal } from "../terminal.ts";

/**
 * Runs set-up and tells its steps on standard error, one line each; what was found in no time shares one line. With a
 * site's configuration it also provides what that site alone wants.
 */
export async function setUpEngine(options: { yes: boolean }, config?: SiteConfig): Promise<Engine> {
  const { setUp } = await import("../engine/setup.ts");
  const report = setUpReport(say);
  const { interactive } = terminal();
  const engine = await interrupts().guard(() =>
    setUp({
      yes: options.yes,
      interactive,
      dropIn: config !== undefined && wantsDropIn(config),
      report: report.receive,
      signal: interrupts().signal,
    }),
  );
  report.end();
  return engine;
}

/**
 * What an earlier set-up of this clone left, or null where there was none. For commands that only look: they install,
 * build and start nothing.
 */
export async function existingEngine(): Promise<PulumiEngine | null> {
  const [{ pulumiHomeFolder }, { pulumiRoot }, { engineEnvironment }] = await Promise.all([
    import("../engine/cache.ts"),
    import("../engine/pulumi-cli.ts"),
    import("../engine/environment.ts"),
  ]);
  const root = pulumiRoot(home);
  if (!isThere(join(root, "bin", "pulumi"))) return null;
  return { pulumiHome: pulumiHomeFolder(home), pulumiRoot: root, env: engineEnvironment(home) };
}

/** A step that takes longer than this announces itself; shorter ones only say that they are done. */
const announceMs = 700;

/** What was found, without the why: " (the stand-in for 1.2.1)". */
function inBrackets(detail: string): string {
  const clause = detail.split(", ")[0] ?? "";
  return clause === "" ? "" : ` (${clause})`;
}

export interface SetUpReport {
  receive(event: StepEvent): void;
  end(): void;
}

export function setUpReport(write: (line: string) => void): SetUpReport {
  const waiting = new Map<string, NodeJS.Timeout>();
  const found: string[] = [];
  const receive = ({ step, state, detail, seconds }: StepEvent) => {
    const text = detail === "" ? "" : `: ${detail}`;
    clearTimeout(waiting.get(step));
    waiting.delete(step);
    if (state === "start") {
      if (seconds * 1000 >= announceMs) write(`set-up: ${step}${text} ...`);
      else waiting.set(step, setTimeout(() => write(`set-up: ${step}${text} ...`), announceMs).unref());
    } else if (state === "found") found.push(`${step}${inBrackets(detail)}`);
    else write(`set-up: ${step} ${state}${text} (${secondsText(seconds)})`);
  };
  const end = () => {
    if (found.length > 0) write(`set-up: found ${found.join(", ")}`);
  };
  return { receive, end };
}
