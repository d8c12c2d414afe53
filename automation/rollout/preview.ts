import type { SiteConfig } from "../../components/config.ts";
import { exitCodes, UserError } from "../errors.ts";
import { runWork } from "../progress.ts";
import { type SitePlace, siteFlag } from "../site.ts";
import { summary } from "../stacks/events.ts";
import { unfinishedUrns } from "../stacks/unfinished.ts";
import { globalStack, type Stacks } from "../stacks.ts";
import { say } from "../terminal.ts";
import { refuseMoved } from "./moved.ts";
import type { Picked } from "./regions.ts";
import { openAsFound, openForPreview, readOutputs, refuseLostSecrets } from "./session.ts";

export interface PreviewOptions {
  place: SitePlace;
  config: SiteConfig;
  picked: Picked;
}

/**
 * `provision --preview`: Pulumi's own previews, which change nothing. They need the Pulumi CLI and the site's files;
 * where set-up never ran that is said instead of done, since it would change the machine.
 */
export async function previewRollout(options: PreviewOptions): Promise<void> {
  const { place, config, picked } = options;
  const names = [...picked.regions, ...(picked.global ? [globalStack] : [])];
  const session = await openForPreview(place, config);
  if (session === null) {
    const found = await openAsFound(place, config);
    if (found === null) throw notSetUp(place);
    await refuseLostSecrets(found);
    for (const name of names) await sayWhole(name);
    return;
  }
  refuseMoved(config, await readOutputs(session));
  const { stacks } = session;
  const existing = new Set(await stacks.existing());
  for (const name of names) {
    if (existing.has(name)) await previewStack(place, stacks, name);
    else await sayWhole(name);
  }
  // Pulumi sees nothing of what changed on the machines since; a rollout would mend it.
  say(
    `The hosts were not looked at: npx evenkeel provision --check${siteFlag(place.name)} names what differs there.`,
  );
}

/** The machine is set up, but nothing of the site is there, as after a destroy. */
async function sayWhole(name: string): Promise<void> {
  await runWork([{ title: `Stack ${name}`, run: async () => "would be made with all its resources" }]);
}

/** A preview doesn't set the machine up: that would be a change. It says what set-up would do instead (exit 12). */
export function notSetUp(place: SitePlace): UserError {
  const flag = siteFlag(place.name);
  return new UserError({
    what: `nothing of the site ${place.name} can be looked at before this machine was set up`,
    why: "set-up would put Docker Engine, the Pulumi CLI with its language host and command plugin, WordPress and the lab image on this machine, each only where it is missing; then all resources of the site would be made",
    next: `npx evenkeel env${flag} sets up without building anything; npx evenkeel provision${flag} does all of it`,
    exitCode: exitCodes.refused,
  });
}

async function previewStack(place: SitePlace, stacks: Stacks, name: string): Promise<void> {
  const run = async (note: (text: string) => void) => {
    const replace = unfinishedUrns(place.stateDirectory, name, await stacks.state(name));
    return summary(await stacks.run("preview", name, note, { replace }), true);
  };
  await runWork([{ title: `Preview of ${name}`, run }]);
}
