import { readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { afterAll } from "@jest/globals";
import { execa } from "execa";
import { sshHosts } from "../../../automation/hosts.ts";
import { openSsh, type SshSession } from "../../../automation/remote/ssh.ts";
import { sitePlace } from "../../../automation/site.ts";
import { savedOutput } from "../../../automation/stacks/saved.ts";
import type { GlobalOutputs, HostOutputs, RegionOutputs } from "../../../components/outputs.ts";
import { parseSecrets, type SiteSecrets } from "../../../components/secrets.ts";

/** The clone's root and the site that the lab tests build. */
export const home = join(import.meta.dirname, "../../..");
export const siteName = "proof";

export interface CliResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

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

/** Runs the command line as a user would, bounded in time; never throws for an exit code. */
export async function cli(
  args: readonly string[],
  options: { timeoutMs?: number; stdin?: string; env?: Record<string, string> } = {},
): Promise<CliResult> {
  const result = await execa("node", [join(home, "bin/evenkeel.mjs"), "--site", siteName, ...args], {
    reject: false,
    timeout: options.timeoutMs ?? 120_000,
    killSignal: "SIGKILL",
    stdin: options.stdin === undefined ? "ignore" : "pipe",
    ...(options.stdin === undefined ? {} : { input: options.stdin }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  return { exitCode: result.exitCode ?? -1, stdout: String(result.stdout), stderr: String(result.stderr) };
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

/** Polls until `probe` gives a value that is not null; throws with `what` when the time is over. */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<T | null>,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await probe();
      if (value !== null) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((wake) => setTimeout(wake, 250));
  }
  throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: last });
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
    return { exitCode: 255, stdout: "", stderr: (error as Error).message };
  }
}

async function outputOf(stack: string): Promise<unknown> {
  const saved = savedOutput(join(home, ".evenkeel", "state"), siteName, stack);
  if (saved?.value !== undefined) return saved.value;
  const { stdout } = await cli(["pulumi", "stack", "output", "--json", "-s", stack]);
  return (JSON.parse(stdout) as { outputs: unknown }).outputs;
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
