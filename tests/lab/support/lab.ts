import { readdirSync, readFileSync } from "node:fs";
import { execa } from "execa";
import { home, siteName } from "./cli.ts";

/** Containers, networks and volumes of the test site, as Docker itself lists them. */
export async function labObjects(): Promise<{ containers: string[]; networks: string[]; volumes: string[] }> {
  const filter = ["--filter", `label=evenkeel.site=${siteName}`];
  const list = async (argv: string[]) => {
    const { stdout } = await execa("docker", argv, { timeout: 20_000 });
    return stdout.split("\n").filter((line) => line !== "");
  };
  const [containers, networks, volumes] = await Promise.all([
    list(["ps", "-a", ...filter, "--format", "{{.Names}}"]),
    list(["network", "ls", ...filter, "--format", "{{.Name}}"]),
    list(["volume", "ls", ...filter, "--format", "{{.Name}}"]),
  ]);
  return { containers: containers.sort(), networks: networks.sort(), volumes };
}

/** Removes a machine as a dead region would lose it: at once, with its data. */
export async function loseMachines(names: readonly string[]): Promise<void> {
  await execa("docker", ["rm", "-f", "-v", ...names], { timeout: 60_000 });
}

export async function stopMachine(name: string): Promise<void> {
  await execa("docker", ["stop", "-t", "30", name], { timeout: 60_000 });
}

export async function startMachine(name: string): Promise<void> {
  await execa("docker", ["start", name], { timeout: 60_000 });
}

/**
 * Freezes a machine as a hypervisor may: it answers nothing, and would go on where it was. Where its processes fork
 * faster than they are frozen, the container engine gives up ("unable to freeze"): it is asked again.
 */
export async function pauseMachine(name: string): Promise<void> {
  let refusal: unknown;
  for (let i = 0; i < 5; i++) {
    try {
      await execa("docker", ["pause", name], { timeout: 60_000 });
      return;
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

export async function unpauseMachine(name: string): Promise<void> {
  await execa("docker", ["unpause", name], { timeout: 60_000 });
}

/** The container engine's own: started by set-up, and meant to stay. */
const engineProcesses = /^(dockerd|containerd|docker-proxy|runc)/;

/**
 * Processes on this machine that a command of this clone (or of the one in `clone`) left behind: "pid name". In
 * `npm test` only those that its own suite started: others run beside it.
 */
export async function leftProcesses(clone = home): Promise<string[]> {
  const suite = process.env.EVENKEEL_SUITE;
  const marks = [`EVENKEEL_HOME=${clone}\0`, ...(suite === undefined ? [] : [`EVENKEEL_SUITE=${suite}\0`])];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
        const isOurs = marks.every((mark) => environment.includes(mark));
        return isOurs && !engineProcesses.test(name) ? [`${pid} ${name}`] : [];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}
