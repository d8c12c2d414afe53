import { join } from "node:path";
import { execa } from "execa";
import type { SiteConfig } from "../../components/config.ts";
import { exitCodes, UserError } from "../errors.ts";
import { apiVersion, jsonDocument, table, writeResult } from "../output.ts";
import { isThere } from "../site/durable.ts";
import { refuseNewNames } from "../site/neighbours.ts";
import { readSecretsFile } from "../site/secrets.ts";
import { home, type SitePlace, secretsFile, siteConfig, sitePlace } from "../site.ts";
import type { Finding } from "./finding.ts";
import { diskFinding, goFinding, memoryFinding } from "./resources.ts";

/** `evenkeel check`: looks at machine and configuration, changes nothing. Returns 1 when something must be mended. */
export async function check(args: { site: string; format: string }): Promise<number> {
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  const findings = await findingsOf(place, config);
  const document = { apiVersion, site: config.site, checks: findings };
  writeResult(args.format === "json" ? jsonDocument(document) : findingsTable(findings));
  return findings.some(({ ok }) => ok === false) ? exitCodes.error : exitCodes.ok;
}

/** Everything that is looked at, in the order of a rollout. */
export async function findingsOf(place: SitePlace, config: SiteConfig): Promise<Finding[]> {
  return await Promise.all([
    Promise.resolve({ name: "configuration", ok: true, detail: configDetail(config), fix: null }),
    program("ssh", ["-V"], "apt-get install openssh-client"),
    program("ssh-keygen", ["-?"], "apt-get install openssh-client"),
    docker(),
    goFinding(),
    Promise.resolve(memoryFinding()),
    diskFinding(home),
    provided("Pulumi CLI", join(home, ".evenkeel", "pulumi", "versions")),
    secrets(place),
    networks(place, config),
  ]);
}

export function findingsTable(findings: readonly Finding[]): string {
  const word = (ok: boolean | null) => (ok === null ? "later" : ok ? "ok" : "FAILED");
  const rows = findings.map(({ name, ok, detail, fix }) => [name, word(ok), detail, fix]);
  return table(["Check", "State", "Found", "Fix"], rows);
}

function configDetail({ provider, regions, engine }: SiteConfig): string {
  return `${provider}, regions ${regions.join(" and ")}, ${engine}`;
}

async function program(name: string, args: readonly string[], fix: string): Promise<Finding> {
  const result = await execa(name, args, { reject: false, stdin: "ignore", timeout: 5000 });
  if (result.exitCode === undefined)
    return { name, ok: null, detail: "not found: set-up installs it on Debian", fix };
  const line = `${result.stderr}${result.stdout}`.split("\n")[0] ?? "";
  return { name, ok: true, detail: name === "ssh" ? line : "found", fix: null };
}

async function docker(): Promise<Finding> {
  const name = "Docker Engine";
  const asked = ["version", "--format", "{{.Server.Version}}"];
  const result = await execa("docker", asked, { reject: false, stdin: "ignore", timeout: 10_000 });
  if (result.exitCode === 0) return { name, ok: true, detail: result.stdout, fix: null };
  const detail = result.exitCode === undefined ? "not found" : "installed, not running";
  return { name, ok: null, detail: `${detail}: set-up starts it (on Debian as root installs it)`, fix: null };
}

async function provided(name: string, path: string): Promise<Finding> {
  try {
    if (isThere(path)) return { name, ok: true, detail: "found", fix: null };
    return { name, ok: null, detail: "set-up provides it", fix: null };
  } catch (error) {
    return failed(name, error);
  }
}

async function secrets(place: SitePlace): Promise<Finding> {
  const name = "site's secrets";
  try {
    const found = readSecretsFile(secretsFile(place)) !== null;
    return { name, ok: found || null, detail: found ? "found" : "made by the first provision", fix: null };
  } catch (error) {
    return failed(name, error);
  }
}

async function networks(place: SitePlace, config: SiteConfig): Promise<Finding> {
  const name = "networks";
  try {
    const [{ refuseClashes }, { refuseOtherClones }] = await Promise.all([
      import("../lab/clashes.ts"),
      import("../lab/ownership.ts"),
    ]);
    refuseNewNames(place, config);
    await refuseOtherClones(config.site);
    await refuseClashes(config);
    return { name, ok: true, detail: Object.values(config.networks).join(" "), fix: null };
  } catch (error) {
    if (error instanceof UserError && error.code?.startsWith("docker-")) {
      return { name, ok: null, detail: "can't be compared before Docker runs", fix: null };
    }
    return failed(name, error);
  }
}

function failed(name: string, error: unknown): Finding {
  if (!(error instanceof UserError)) throw error;
  return {
    name,
    ok: false,
    detail: [error.what, error.why].filter(Boolean).join(": "),
    fix: error.next ?? null,
  };
}
