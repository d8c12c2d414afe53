import { execa } from "execa";
import { siteName } from "./site.ts";

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

/** Freezes a machine as a hypervisor may: it answers nothing, and would go on where it was. */
export async function pauseMachine(name: string): Promise<void> {
  await execa("docker", ["pause", name], { timeout: 60_000 });
}
