import { join } from "node:path";
import { type SiteConfig, wantsDropIn } from "../../components/config.ts";
import { givenVariable, whyNoDropIn } from "../engine/drop-in.ts";
import { dropInPin } from "../engine/versions.ts";
import type { SiteOutputs } from "../hosts.ts";
import type { Step } from "../progress.ts";
import type { SshSession } from "../remote/ssh.ts";
import { parseWebInstall, webCommand } from "../remote/web.ts";
import { isThere } from "../site/durable.ts";
import { type SitePlace, siteFlag } from "../site.ts";

const installMs = 200_000;

/** What is said at every provision of a site on PostgreSQL; empty for any other. */
export async function postgresqlWarnings(
  place: SitePlace,
  config: SiteConfig,
  why: () => Promise<string | null> = whyNoDropIn,
): Promise<string[]> {
  if (config.engine !== "postgresql") return [];
  if (!wantsDropIn(config))
    return ["WordPress does not run on PostgreSQL here, so this site has the order ledger alone."];
  const { version, url } = dropInPin;
  const experimental = `WordPress on PostgreSQL (PG4WP ${version}) is an experiment and not for shops: WooCommerce does not support PostgreSQL, and is refused there.`;
  if (isThere(join(place.stateDirectory, "drop-in.json"))) return [experimental];
  const reason = (await why()) ?? "set-up did not find it";
  return [
    experimental,
    `PG4WP ${version} can't be had (${reason}), so this site has the order ledger alone. Next: fetch ${url} where that can be reached, and run ${givenVariable}=FILE npx evenkeel provision${siteFlag(place.name)}`,
  ];
}

/**
 * Installs WordPress on PostgreSQL where an earlier attempt failed, or the choice was made on a site that was built
 * before. Every region's first web host is asked: only the active one does anything. A failure is told, and no error:
 * the order ledger serves without it.
 */
export function installSteps(config: SiteConfig, ssh: Pick<SshSession, "run">, outputs: SiteOutputs): Step[] {
  const hosts = Object.values(outputs.regions).flatMap((region) => {
    const first = region?.hosts.find(({ role }) => role === "web");
    return region?.wordpress === true && first !== undefined ? [first.id] : [];
  });
  if (!wantsDropIn(config) || hosts.length === 0) return [];
  const run = async (note: (text: string) => void) => {
    const problems = (await Promise.all(hosts.map((id) => installProblem(ssh, id)))).flat();
    for (const problem of problems)
      note(`warning: ${problem}; the order ledger and the health endpoints serve without it`);
    return problems.length === 0 ? "installed" : "not installed";
  };
  return [{ title: "WordPress on PostgreSQL", run }];
}

async function installProblem(ssh: Pick<SshSession, "run">, id: string): Promise<string[]> {
  try {
    const { exitCode, stdout, stderr } = await ssh.run(id, webCommand.install(), { timeoutMs: installMs });
    if (exitCode !== 0) return [`${id}: ${stderr.trim().split("\n").at(-1)}`];
    const { failed, reason } = parseWebInstall(stdout);
    return failed ? [`${id}: ${reason}`] : [];
  } catch (error) {
    return [`${id}: ${(error as Error).message}`];
  }
}
