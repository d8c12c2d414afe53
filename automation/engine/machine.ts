import { readFile } from "node:fs/promises";
import { programsOnPath } from "./cache.ts";
import { observeDocker } from "./docker-engine.ts";
import { whyUnreachable } from "./download.ts";
import { runProgram } from "./program.ts";
import type { MachineFacts } from "./system-packages.ts";

/** Looks at the machine without changing anything. */
export async function observeMachine(signal?: AbortSignal): Promise<MachineFacts> {
  const [docker, debian, ssh, sshKeygen, mmdebstrap] = await Promise.all([
    observeDocker(signal),
    isDebian(),
    isInstalled("ssh"),
    isInstalled("ssh-keygen"),
    isInstalled("mmdebstrap"),
  ]);
  const root = process.getuid?.() === 0;
  const image = docker === "running" && (await hasLabImage(signal));
  // With root and mmdebstrap it can be made whatever the registry says, so don't spend time on asking.
  const imageFromPackages = !image && !(root && mmdebstrap) && !(await canPullBase(signal));
  return {
    platform: process.platform,
    root,
    debian,
    ssh: ssh && sshKeygen,
    docker,
    mmdebstrap,
    imageFromPackages,
  };
}

/** True for Debian and the systems that call themselves like it, by /etc/os-release's ID and ID_LIKE. */
export function isDebianRelease(osRelease: string): boolean {
  const ids = [...osRelease.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)].flatMap((match) =>
    match[1]?.split(" "),
  );
  return ids.includes("debian");
}

async function isDebian(): Promise<boolean> {
  const osRelease = await readFile("/etc/os-release", "utf8").catch(() => "");
  return isDebianRelease(osRelease) && (await isInstalled("apt-get"));
}

async function isInstalled(name: string): Promise<boolean> {
  return (await programsOnPath(name)).length > 0;
}

async function hasLabImage(signal?: AbortSignal): Promise<boolean> {
  const { labImage } = await import("../../components/lab/image.ts");
  const args = ["image", "inspect", "--format", "{{.Id}}", labImage()];
  return (await runProgram({ file: "docker", args, timeoutMs: 15_000, signal })).exitCode === 0;
}

/** Whether Docker's registry answers at all. */
async function canPullBase(signal?: AbortSignal): Promise<boolean> {
  return (await whyUnreachable(["https://registry-1.docker.io/v2/"], signal)) === null;
}
