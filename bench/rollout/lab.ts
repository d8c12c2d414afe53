import { request } from "node:https";
import { join } from "node:path";
import { execa } from "execa";
import { leftovers } from "../../automation/lab/docker.ts";
import { eventually } from "../../tests/lab/support/cli.ts";
import { home, minuteMs, run, siteName } from "./command.ts";
import type { BenchHost, BenchSite } from "./hosts.ts";
import { levelsOf } from "./order.ts";
import type { LabStep, Step } from "./recipe.ts";

/** The lab under Ansible's half: whether the site is well there, and how it goes away. */

const wellMs = 2 * minuteMs;
const httpsPort = 443;

/** Containers, networks and volumes of the benchmark's site. */
export async function labObjects(): Promise<string[]> {
  return Object.values(await leftovers(siteName)).flat();
}

/** Deletes what the recipe made, the last first. What isn't there counts as deleted. */
export async function deleteLab(steps: readonly Step[]): Promise<void> {
  const levels = levelsOf(steps);
  const lab = steps.filter((step) => step.kind === "lab");
  const byLevel = Map.groupBy(lab, ({ id }) => levels.get(id) as number);
  for (const [, round] of [...byLevel].sort(([one], [other]) => other - one)) {
    await Promise.all(round.map(deleteThing));
  }
}

async function deleteThing({ thing, name }: LabStep): Promise<void> {
  const argv = ["bash", join(home, "components/lab/lab-host.sh"), thing, "delete", name];
  await run(argv, { timeoutMs: 4 * minuteMs, env: { ...process.env, EVENKEEL_HOME: home } });
}

/**
 * Throws, saying what is missing, unless the site is as ours leaves it: the first region's /evenkeel/active answers 200
 * at its published port, under the site's own authority, and every other database follows.
 */
export async function checkSite(site: BenchSite, folder: string): Promise<void> {
  const first = site.hosts.find(({ name }) => name === site.chain[0]?.host);
  const gateway = site.hosts.find(({ place, role }) => place === first?.place && role === "gateway");
  if (first === undefined || gateway === undefined) throw new Error("the recipe has no first region");
  const ca = authorityOf(site);
  await eventually("/evenkeel/active of the first region answers 200", wellMs, async () =>
    (await statusOf(gateway.published[httpsPort] as number, ca)) === 200 ? true : null,
  );
  const standbys = site.hosts.filter((host) => host.role === "database" && host !== first);
  for (const { name } of standbys) {
    await eventually(`${name} is a standby that receives and applies`, wellMs, async () =>
      (await isFollowing(name, folder)) ? true : null,
    );
  }
}

function authorityOf({ hosts }: BenchSite): string {
  const files = hosts.flatMap(({ roles }: BenchHost) => roles).flatMap(({ job }) => job.files);
  const found = files.find(({ path }) => path === "/etc/evenkeel/tls/ca.pem");
  if (found === undefined) throw new Error("no role brings the site's authority");
  return found.content;
}

function statusOf(port: number, ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = `https://localhost:${port}/evenkeel/active`;
    const outgoing = request(url, { ca, servername: "localhost", agent: false }, (incoming) => {
      incoming.resume();
      resolve(incoming.statusCode ?? 0);
    });
    outgoing.setTimeout(10_000, () => outgoing.destroy(new Error(`no answer from ${url}`)));
    outgoing.on("error", reject);
    outgoing.end();
  });
}

async function isFollowing(name: string, folder: string): Promise<boolean> {
  const argv = ["-F", join(folder, "ssh.cfg"), name, "sudo", "-n", "evenkeel-db", "status"];
  const { stdout } = await execa("ssh", argv, { stdin: "ignore", timeout: 30_000 });
  const { role, replication } = JSON.parse(stdout) as {
    role: string;
    replication: { receiving: boolean; applying: boolean } | null;
  };
  return role === "standby" && replication?.receiving === true && replication.applying;
}
