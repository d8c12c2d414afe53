import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { siteConfig, sitePlace } from "../site.ts";
import { setUpEngine } from "./engine.ts";
import { openSession } from "./session.ts";

/**
 * `evenkeel pulumi …`: the Pulumi CLI in the site's project folder with set-up's environment. Returns its exit code.
 * An interrupt at the terminal reaches the CLI by itself, so this process only waits.
 */
export async function runPulumi(options: { site: string; args: readonly string[] }): Promise<number> {
  const place = sitePlace(options.site);
  const config = siteConfig(place);
  const engine = await setUpEngine({ yes: false }, config);
  const { stacks } = await openSession({ place, config, engine });
  if ((await stacks.existing()).length < config.regions.length + 1) await stacks.ensure();
  const child = spawn(join(engine.pulumiRoot, "bin", "pulumi"), options.args, {
    cwd: place.directory,
    env: { ...process.env, ...engine.env },
    stdio: "inherit",
  });
  return waitPatiently(child);
}

/** Exit code of a child in our own process group, which hears the terminal's signals itself. */
export async function waitPatiently(child: ReturnType<typeof spawn>): Promise<number> {
  const { interrupts } = await import("../interrupt.ts");
  return interrupts().guard(
    () =>
      new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code, signal) =>
          resolve(code ?? 128 + (signal === null ? 1 : constants.signals[signal])),
        );
      }),
  );
}
