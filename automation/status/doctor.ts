import { existsSync, mkdtempSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { HostOutputs } from "../../components/outputs.ts";
import { exitCodes } from "../errors.ts";
import { hostsOf, openHosts } from "../hosts.ts";
import { apiVersion, facts, jsonDocument, writeResult } from "../output.ts";
import { secretValues } from "../redact.ts";
import type { RemoteCommand, SshSession } from "../remote/ssh.ts";
import { openAsFound, readOutputs, type Session } from "../rollout/session.ts";
import { inFolder, isThere } from "../site/durable.ts";
import { readSecretsFile } from "../site/secrets.ts";
import { home, journalFile, type SitePlace, secretsFile, siteConfig, siteFlag, sitePlace } from "../site.ts";
import { say } from "../terminal.ts";
import { type Bundle, openBundle, pack, readOwn, reason, refuseTarget } from "./bundle.ts";
import { findingsOf } from "./check.ts";
import { openLook, renderStatus } from "./status.ts";

export interface DoctorArgs {
  site: string;
  format: string;
  output?: string | undefined;
}

const programMs = 10_000;
const hostMs = 20_000;
const dial = { attempts: 1, timeoutSeconds: 5 };
/** Enough to see the last runs; the whole journal stays on this machine. */
const journalLines = 2000;

/** What is asked of every host, and what of those that have it. */
const hostQuestions: Record<string, RemoteCommand> = {
  "failed-units.txt": { argv: ["systemctl", "--failed", "--no-pager"] },
  "journal.txt": { argv: ["sudo", "-n", "journalctl", "--no-pager", "--output=short-iso", "--lines=400"] },
  "disk.txt": { argv: ["df", "-h", "-x", "overlay", "-x", "tmpfs"] },
  "memory.txt": { argv: ["free", "-m"] },
  "load.txt": { argv: ["uptime"] },
  "listening.txt": { argv: ["ss", "-lntu"] },
};
const roleQuestions: Partial<Record<HostOutputs["role"], Record<string, RemoteCommand>>> = {
  database: { "database.json": { argv: ["sudo", "-n", "/usr/local/sbin/evenkeel-db", "status"] } },
  web: { "web.json": { argv: ["sudo", "-n", "/usr/local/sbin/evenkeel-web", "status"] } },
};

/**
 * `evenkeel doctor`: a support bundle (one .tar.gz, 0600) of what is known of machine, configuration, site and hosts,
 * with every secret of the site taken out, however it is encoded. Changes nothing. Returns 10 when something could not
 * be had: a site that is broken in any way still gets its bundle.
 */
export async function doctor(args: DoctorArgs, place: SitePlace = sitePlace(args.site)): Promise<number> {
  const file = args.output ?? defaultFile(place);
  await refuseTarget(file, siteFlag(place.name));
  const folder = inFolder(tmpdir(), () => mkdtempSync(join(tmpdir(), "evenkeel-doctor-")));
  try {
    const { secrets, problem } = knownSecrets(place);
    const bundle = openBundle(folder, secrets);
    if (problem !== null) bundle.missing.push({ name: "secrets", why: problem });
    await collectMachine(bundle, place);
    await collectSite(bundle, place);
    const { names, missing } = bundle;
    await bundle.collect("missing.json", () => jsonDocument(missing));
    await pack(folder, file, siteFlag(place.name));
    writeResult(
      args.format === "json"
        ? jsonDocument({ apiVersion, site: place.name, file, contents: names, missing })
        : facts([
            ["Bundle", file],
            ["Contents", `${contents(names, secrets)}; look through it before you hand it on`],
            ["Missing", missing.length === 0 ? "nothing" : missing.map(({ name }) => name).join(", ")],
          ]),
    );
    return missing.length === 0 ? exitCodes.ok : exitCodes.degraded;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function contents(names: readonly string[], secrets: readonly string[] | null): string {
  const without =
    secrets === null ? "none that could hold a secret, since the secrets can't be read" : "secrets taken out";
  return `${names.length} files, ${without}`;
}

function defaultFile({ name }: SitePlace): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return join(home, ".evenkeel", "doctor", `evenkeel-${name}-${time}.tar.gz`);
}

/** The values to take out; null where they can't be known. A site that was never set up has none. */
function knownSecrets(place: SitePlace): { secrets: string[] | null; problem: string | null } {
  try {
    const secrets = readSecretsFile(secretsFile(place));
    if (secrets !== null) return { secrets: secretValues(secrets), problem: null };
    if (!isThere(place.stateDirectory)) return { secrets: [], problem: null };
    return { secrets: null, problem: `${secretsFile(place)} is gone` };
  } catch (error) {
    return { secrets: null, problem: reason(error, null) };
  }
}

async function collectMachine(bundle: Bundle, place: SitePlace): Promise<void> {
  say("Looking at this machine ...");
  const label = ["--filter", `label=evenkeel.site=${place.name}`];
  const stackFiles = await bundle.have("config", async () =>
    (await readdir(place.directory)).filter((name) => /^Pulumi(\.[\w-]+)?\.yaml$/.test(name)),
  );
  await Promise.all([
    bundle.collect("machine/system.txt", () => output("uname", ["-a"])),
    bundle.collect("machine/os-release.txt", () => readFile("/etc/os-release", "utf8")),
    bundle.collect("machine/memory.txt", () => output("free", ["-m"])),
    bundle.collect("machine/disk.txt", () => output("df", ["-h"])),
    bundle.collect("machine/node.txt", () => `${process.version}\n`),
    bundle.collect("machine/commit.txt", () =>
      output("git", ["-C", home, "log", "-1", "--format=%H %cI %s"]),
    ),
    bundle.collect("machine/docker.txt", () => output("docker", ["version"])),
    bundle.collect("machine/containers.txt", () => output("docker", ["ps", "--all", ...label])),
    bundle.collect("machine/networks.txt", () => output("docker", ["network", "ls", ...label])),
    bundle.collect("check.json", async () => jsonDocument(await findingsOf(place, siteConfig(place)))),
    ...(stackFiles ?? []).map((name) =>
      bundle.collect(`config/${name}`, () => readOwn(join(place.directory, name))),
    ),
  ]);
}

async function collectSite(bundle: Bundle, place: SitePlace): Promise<void> {
  say("Looking at the site ...");
  if (existsSync(journalFile(place))) {
    await bundle.collect("journal.jsonl", async () => {
      const lines = (await readOwn(journalFile(place))).trimEnd().split("\n");
      return `${lines.slice(-journalLines).join("\n")}\n`;
    });
  }
  await bundle.collect("status.json", async () => {
    const look = openLook(place, siteConfig(place));
    return renderStatus(await look.once().finally(() => look.close()), "json").text;
  });
  // Without secrets of its own: the addresses can be had also where those are damaged.
  const found = await bundle.have("stacks", async () => ({
    session: await openAsFound(place, siteConfig(place)),
  }));
  // Null also where this clone was never set up: then it made no site.
  if (found === null || found.session === null) return;
  await collectHosts(bundle, place, found.session);
}

async function collectHosts(bundle: Bundle, place: SitePlace, session: Session): Promise<void> {
  const outputs = await bundle.have("outputs.json", () => readOutputs(session));
  if (outputs === null) return;
  await bundle.collect("outputs.json", () => jsonDocument(outputs));
  const hosts = hostsOf(outputs);
  if (hosts.length === 0) return;
  say(`Looking at ${hosts.length} hosts ...`);
  const ssh = await bundle.have("hosts", () => openHosts(place, outputs, session.secrets, dial));
  if (ssh === null) return;
  try {
    await Promise.all(hosts.map((host) => collectHost(bundle, ssh, host)));
  } finally {
    await ssh.close();
  }
}

async function collectHost(bundle: Bundle, ssh: SshSession, { id, role }: HostOutputs): Promise<void> {
  const questions = { ...hostQuestions, ...roleQuestions[role] };
  await Promise.all(
    Object.entries(questions).map(([name, command]) =>
      bundle.collect(`hosts/${id}/${name}`, async () => {
        const { stdout, stderr, exitCode } = await ssh.run(id, command, { timeoutMs: hostMs });
        return exitCode === 0 ? stdout : `${stdout}${stderr}\n(exit code ${exitCode})\n`;
      }),
    ),
  );
}

async function output(file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execa(file, args, { stdin: "ignore", timeout: programMs });
  return `${stdout}\n`;
}
