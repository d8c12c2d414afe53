import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import type { HostOutputs } from "../../components/outputs.ts";
import { exitCodes, UserError } from "../errors.ts";
import { hostsOf, openHosts } from "../hosts.ts";
import { apiVersion, facts, jsonDocument, writeResult } from "../output.ts";
import { redactEncoded, secretValues } from "../redact.ts";
import type { RemoteCommand, SshSession } from "../remote/ssh.ts";
import { openExisting, readOutputs, type Session } from "../rollout/session.ts";
import { home, journalFile, type SitePlace, siteConfig, sitePlace } from "../site.ts";
import { say } from "../terminal.ts";
import { findingsOf } from "./check.ts";
import { openLook, renderStatus } from "./status.ts";

export interface DoctorArgs {
  site: string;
  format: string;
  output?: string | undefined;
}

/** A bundle in the making: every text passes through `add`, which takes the secrets out. */
interface Bundle {
  add(name: string, text: string): Promise<void>;
  /** Adds what `work` gives, or notes why there is none: a support bundle of a broken site is still one. */
  collect(name: string, work: () => Promise<string>): Promise<void>;
  missing: { name: string; why: string }[];
  names: string[];
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
 * with every secret of the site taken out, also base64 and URL-encoded. Changes nothing. Returns 10 when something
 * could not be had.
 */
export async function doctor(args: DoctorArgs): Promise<number> {
  const place = sitePlace(args.site);
  const file = args.output ?? defaultFile(place);
  const folder = await mkdtemp(join(tmpdir(), "evenkeel-doctor-"));
  try {
    const session = await openExisting(place, siteConfig(place));
    const bundle = openBundle(folder, session === null ? [] : secretValues(session.secrets));
    await collectMachine(bundle, place);
    await collectSite(bundle, place, session);
    await bundle.add("missing.json", jsonDocument(bundle.missing));
    await pack(folder, file);
    const { names, missing } = bundle;
    writeResult(
      args.format === "json"
        ? jsonDocument({ apiVersion, site: place.name, file, contents: names, missing })
        : facts([
            ["Bundle", file],
            ["Contents", `${names.length} files, secrets taken out; look through it before you hand it on`],
            ["Missing", missing.length === 0 ? "nothing" : missing.map(({ name }) => name).join(", ")],
          ]),
    );
    return missing.length === 0 ? exitCodes.ok : exitCodes.degraded;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function defaultFile({ name }: SitePlace): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return join(home, ".evenkeel", "doctor", `evenkeel-${name}-${time}.tar.gz`);
}

function openBundle(folder: string, secrets: readonly string[]): Bundle {
  const names: string[] = [];
  const missing: Bundle["missing"] = [];
  const add = async (name: string, text: string) => {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, redactEncoded(text, secrets), { mode: 0o600 });
    names.push(name);
  };
  const collect = async (name: string, work: () => Promise<string>) => {
    try {
      await add(name, await work());
    } catch (error) {
      const why = error instanceof UserError ? error.what : String((error as Error).message ?? error);
      missing.push({ name, why: redactEncoded(why, secrets) });
    }
  };
  return { add, collect, missing, names };
}

async function collectMachine(bundle: Bundle, place: SitePlace): Promise<void> {
  say("Looking at this machine ...");
  const label = ["--filter", `label=evenkeel.site=${place.name}`];
  await Promise.all([
    bundle.collect("machine/system.txt", () => output("uname", ["-a"])),
    bundle.collect("machine/os-release.txt", () => readFile("/etc/os-release", "utf8")),
    bundle.collect("machine/memory.txt", () => output("free", ["-m"])),
    bundle.collect("machine/disk.txt", () => output("df", ["-h"])),
    bundle.collect("machine/node.txt", async () => `${process.version}\n`),
    bundle.collect("machine/commit.txt", () =>
      output("git", ["-C", home, "log", "-1", "--format=%H %cI %s"]),
    ),
    bundle.collect("machine/docker.txt", () => output("docker", ["version"])),
    bundle.collect("machine/containers.txt", () => output("docker", ["ps", "--all", ...label])),
    bundle.collect("machine/networks.txt", () => output("docker", ["network", "ls", ...label])),
    bundle.collect("check.json", async () => jsonDocument(await findingsOf(place, siteConfig(place)))),
    ...(await readdir(place.directory))
      .filter((name) => /^Pulumi(\.[\w-]+)?\.yaml$/.test(name))
      .map((name) => bundle.collect(`config/${name}`, () => readFile(join(place.directory, name), "utf8"))),
  ]);
}

async function collectSite(bundle: Bundle, place: SitePlace, session: Session | null): Promise<void> {
  if (session === null) return bundle.add("site.txt", "nothing of this site is built\n");
  say("Looking at the site ...");
  await bundle.collect("journal.jsonl", async () => {
    const lines = (await readFile(journalFile(place), "utf8")).trimEnd().split("\n");
    return `${lines.slice(-journalLines).join("\n")}\n`;
  });
  const look = openLook(place, session.config);
  await bundle.collect("status.json", async () => renderStatus(await look.once(), "json").text);
  await look.close();
  const outputs = await readOutputs(session);
  await bundle.add("outputs.json", jsonDocument(outputs));
  const hosts = hostsOf(outputs);
  if (hosts.length === 0) return;
  say(`Looking at ${hosts.length} hosts ...`);
  const ssh = await openHosts(place, outputs, session.secrets, dial);
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

async function pack(folder: string, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const made = await execa("tar", ["-C", folder, "-czf", file, "."], { reject: false, timeout: 60_000 });
  if (made.exitCode === 0) return;
  throw new UserError({
    what: `the bundle ${file} could not be written`,
    why: String(made.stderr ?? made.message),
    next: "npx evenkeel doctor --output FILE, with a file in a folder that can be written",
  });
}
