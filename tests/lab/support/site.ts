import { readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { afterAll } from "@jest/globals";
import type { UserError } from "../../../automation/errors.ts";
import { sshHosts } from "../../../automation/hosts.ts";
import { openSsh, type SshSession } from "../../../automation/remote/ssh.ts";
import { sitePlace } from "../../../automation/site.ts";
import { savedOutput } from "../../../automation/stacks/saved.ts";
import type { GlobalOutputs, HostOutputs, RegionOutputs } from "../../../components/outputs.ts";
import { parseSecrets, type SiteSecrets } from "../../../components/secrets.ts";
import { type CliResult, cli, home, siteName } from "./cli.ts";

export { type CliResult, cli, eventually, home, siteName } from "./cli.ts";

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface SiteHandle {
  name: string;
  url: string;
  domain: string;
  regions: Record<string, RegionOutputs>;
  global: GlobalOutputs;
  dns: GlobalOutputs["dns"];
  secrets: SiteSecrets;
  host(id: string): HostOutputs;
  /** Runs a command on a host over one SSH session a test file; exit code 255 where the host can't be reached. */
  ssh(
    hostId: string,
    argv: readonly string[],
    options?: { stdin?: string; timeoutMs?: number },
  ): Promise<CliResult>;
}

/** One HTTPS request with the site's CA; no redirect is followed. Any name in `host` is only the Host header. */
export function get(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; timeoutMs?: number } = {},
): Promise<Reply> {
  const ca = secretsOfSite().tls.ca.certificate;
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      url,
      {
        method: options.method ?? "GET",
        headers: options.headers ?? {},
        ca,
        servername: "localhost",
        agent: false,
      },
      (incoming) => {
        let body = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => {
          body += chunk;
        });
        incoming.on("end", () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
        );
        incoming.on("error", reject);
      },
    );
    outgoing.setTimeout(options.timeoutMs ?? 15_000, () =>
      outgoing.destroy(new Error(`no answer from ${url}`)),
    );
    outgoing.on("error", reject);
    outgoing.end(options.body);
  });
}

function secretsOfSite(): SiteSecrets {
  const file = join(home, ".evenkeel", siteName, "secrets.json");
  return parseSecrets(readFileSync(file, "utf8"), file);
}

const dial = { attempts: 1, timeoutSeconds: 10 };
let session: Promise<SshSession> | null = null;

async function endSession(): Promise<void> {
  const open = session;
  session = null;
  await (await open)?.close();
}

afterAll(endSession);

/** As `evenkeel ssh` does, but a start of the command line costs a second, and the tests ask hundreds of times. */
async function overSsh(
  hosts: readonly HostOutputs[],
  hostId: string,
  argv: readonly string[],
  options: { stdin?: string; timeoutMs?: number } = {},
  isFirst = true,
): Promise<CliResult> {
  const { timeoutMs = 120_000, ...input } = options;
  const known = sshHosts(hosts, dial, siteName);
  session ??= openSsh({
    directory: join(sitePlace(siteName).stateDirectory, "ssh-of-tests"),
    privateKey: secretsOfSite().ssh.user.privateKey,
    hosts: known,
  });
  try {
    const open = await session;
    await open.addHosts(known);
    return await open.run(hostId, { argv, ...input }, { timeoutMs });
  } catch (error) {
    await endSession();
    // A connection from before a reboot of the host: what it was to carry never began there.
    if (isFirst && (error as UserError).code === "ssh-lost")
      return overSsh(hosts, hostId, argv, options, false);
    return { exitCode: 255, stdout: "", stderr: (error as Error).message };
  }
}

async function outputOf(stack: string): Promise<unknown> {
  const saved = savedOutput(join(home, ".evenkeel", "state"), siteName, stack);
  if (saved?.value !== undefined) return saved.value;
  const { stdout } = await cli(["pulumi", "stack", "output", "--json", "-s", stack]);
  return (JSON.parse(stdout) as { outputs: unknown }).outputs;
}

/** What a command on a host printed, trimmed; throws with what it complained of where it fails. */
export async function onHost(
  handle: SiteHandle,
  hostId: string,
  argv: readonly string[],
  options: { stdin?: string; timeoutMs?: number } = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await handle.ssh(hostId, argv, options);
  if (exitCode !== 0) throw new Error(`${hostId}: ${argv.join(" ")}: exit ${exitCode}: ${stderr}`);
  return stdout.trim();
}

/** The same as root. */
export function asRoot(
  handle: SiteHandle,
  hostId: string,
  argv: readonly string[],
  options: { stdin?: string; timeoutMs?: number } = {},
): Promise<string> {
  return onHost(handle, hostId, ["sudo", "-n", ...argv], options);
}

/** The provisioned site, as its stacks describe it. */
export async function site(): Promise<SiteHandle> {
  const [primary, secondary, global] = await Promise.all(["primary", "secondary", "global"].map(outputOf));
  const regions = { primary: primary as RegionOutputs, secondary: secondary as RegionOutputs };
  const globalOutputs = global as GlobalOutputs;
  const hosts = [...Object.values(regions).flatMap((region) => region.hosts), ...globalOutputs.hosts];
  const host = (id: string) => {
    const found = hosts.find((one) => one.id === id);
    if (found === undefined) throw new Error(`the site has no host ${id}`);
    return found;
  };
  return {
    name: siteName,
    url: globalOutputs.url,
    domain: globalOutputs.dns.name,
    regions,
    global: globalOutputs,
    dns: globalOutputs.dns,
    secrets: secretsOfSite(),
    host,
    ssh: (hostId, argv, options) => overSsh(hosts, hostId, argv, options),
  };
}
