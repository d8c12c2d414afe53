import { exitCodes, UserError } from "../errors.ts";
import { failureOf, runProgram } from "./program.ts";
import type { StepContext, StepOutcome } from "./steps.ts";

/** What the machine itself has, asked before anything is changed. */
export interface MachineFacts {
  platform: string;
  root: boolean;
  /** Debian or one of its children, with apt-get. */
  debian: boolean;
  ssh: boolean;
  /** `denied`: it runs, but this user may not use it; `stopped`: installed, not running. */
  docker: "running" | "denied" | "stopped" | "absent";
  /** The lab image has to be made, there is no other way here than from packages, and that way isn't open yet. */
  imageFromPackages: boolean;
  mmdebstrap: boolean;
}

/** The only list of system packages: what each need is called in Debian. `docker-cli` is its own package since trixie. */
const debianPackages = {
  ssh: ["openssh-client"],
  docker: ["docker.io"],
  image: ["mmdebstrap", "debian-archive-keyring"],
} as const;
const whereKnown: Readonly<Record<string, readonly string[]>> = { "docker.io": ["docker-cli"] };

/**
 * Which system packages set-up has to install, from facts alone. Throws one UserError that names everything that is
 * missing and can't be installed from here.
 */
export function planSystemPackages(facts: MachineFacts): string[] {
  if (facts.platform !== "linux") {
    throw new UserError({
      what: `the lab needs Linux with Docker Engine; this machine runs ${facts.platform}`,
      next: "run it in a Linux machine or virtual machine",
      code: "not-linux",
    });
  }
  if (facts.docker === "denied") {
    throw new UserError({
      what: "Docker Engine runs, but this user may not use it",
      next: "add the user to the group docker and log in again, or run the command as root",
      code: "docker-denied",
    });
  }
  const packages: string[] = [];
  if (!facts.ssh) packages.push(...debianPackages.ssh);
  if (facts.docker === "absent") packages.push(...debianPackages.docker);
  if (facts.imageFromPackages && !facts.mmdebstrap) packages.push(...debianPackages.image);
  const installable = facts.root && facts.debian;
  if (packages.length > 0 && !installable) throw cantInstall(packages, facts);
  if (facts.docker === "stopped" && !facts.root) {
    throw new UserError({
      what: "Docker Engine is installed but doesn't run, and only root can start it",
      next: "sudo systemctl start docker; then run the command again",
      code: "docker-stopped",
    });
  }
  if (facts.imageFromPackages && !facts.root) {
    throw new UserError({
      what: "the lab image can't be made: no Docker base image can be pulled, and without that only root can make one",
      next: "docker pull debian:trixie-slim, or run the command as root; then run it again",
      code: "lab-image",
    });
  }
  return packages;
}

function cantInstall(packages: readonly string[], facts: MachineFacts): UserError {
  const missing = [
    ...(facts.ssh ? [] : ["ssh and ssh-keygen"]),
    ...(facts.docker === "absent" ? ["Docker Engine (docker and dockerd)"] : []),
    ...(facts.imageFromPackages && !facts.mmdebstrap ? ["a way to make the lab image (mmdebstrap)"] : []),
  ];
  return new UserError({
    what: `missing on this machine: ${missing.join(", ")}`,
    why: facts.debian
      ? "they can be installed from here as root only"
      : "they can be installed from here on Debian only",
    next: facts.debian
      ? `sudo apt-get install ${packages.join(" ")}; then run the command again`
      : "install them the way this system does, start Docker Engine, and run the command again",
    code: "system-packages",
  });
}

/**
 * Nothing is installed unasked: `yes` answers, else the question at a terminal, else UserError with exit code 2. Called
 * before any step has run.
 */
export async function consentToPackages(options: {
  packages: readonly string[];
  yes: boolean;
  interactive: boolean;
  /** Asks the question at the terminal. */
  ask: (question: string) => Promise<boolean>;
}): Promise<void> {
  const { packages } = options;
  if (packages.length === 0 || options.yes) return;
  const names = packages.join(", ");
  if (!options.interactive) {
    throw new UserError({
      what: `system packages have to be installed: ${names}`,
      why: "nobody can be asked here, and nothing was changed",
      next: `run the command again with --yes, or install them first: apt-get install ${packages.join(" ")}`,
      exitCode: exitCodes.usage,
      code: "consent",
    });
  }
  if (await options.ask(`Install these system packages with apt-get: ${names}?`)) return;
  throw new UserError({
    what: `system packages are needed: ${names}`,
    why: "their installation was declined, and nothing was changed",
    next: `install them yourself: apt-get install ${packages.join(" ")}`,
    exitCode: exitCodes.usage,
    code: "consent",
  });
}

const updateTimeoutMs = 120_000;
const installTimeoutMs = 900_000;

/** Installs packages as root without asking, waiting for another apt at most two minutes. */
export async function installSystemPackages(
  packages: readonly string[],
  context: StepContext,
): Promise<StepOutcome> {
  if (packages.length === 0) return { state: "found", detail: "nothing to install" };
  context.say(`apt-get update, then apt-get install ${packages.join(" ")}`);
  const update = await apt(["update", "-q"], updateTimeoutMs, context.signal);
  const wanted = [...packages];
  for (const name of packages.flatMap((each) => whereKnown[each] ?? [])) {
    const known = await runProgram({
      file: "apt-cache",
      args: ["show", "--no-all-versions", name],
      timeoutMs: 20_000,
    });
    if (known.exitCode === 0) wanted.push(name);
  }
  // Not cut by an interrupt: a half-configured package would be worse than the wait.
  const install = await apt(["install", "-y", "-q", "--no-install-recommends", ...wanted], installTimeoutMs);
  if (install.exitCode !== 0) {
    throw new UserError({
      what: `apt-get could not install ${wanted.join(" ")}`,
      why: [update, install]
        .filter((result) => result.exitCode !== 0)
        .map(failureOf)
        .join("\n"),
      next: `mend apt's sources and run: apt-get install ${wanted.join(" ")}`,
      code: "apt",
    });
  }
  return { state: "done", detail: `installed ${wanted.join(" ")}` };
}

function apt(args: readonly string[], timeoutMs: number, signal?: AbortSignal) {
  return runProgram({
    file: "apt-get",
    args: ["-o", "DPkg::Lock::Timeout=120", ...args],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    timeoutMs,
    signal,
  });
}
