import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { UserError } from "../errors.ts";
import { cacheFolder, isThere, ownFolder, placeFile, programsOnPath } from "./cache.ts";
import { withCacheLock } from "./cache-lock.ts";
import { failureOf, lastLines, type ProgramResult, runProgram } from "./program.ts";
import type { StepContext, StepOutcome } from "./steps.ts";
import type { MachineFacts } from "./system-packages.ts";

const askTimeoutMs = 15_000;
const startTimeoutMs = 60_000;
const pollMs = 250;
/** Where Debian keeps programs for root; not on every user's PATH. */
const rootPath = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Asks the engine for its version. */
async function askEngine(signal?: AbortSignal): Promise<ProgramResult> {
  const args = ["version", "--format", "{{.Server.Version}}"];
  return await runProgram({ file: "docker", args, timeoutMs: askTimeoutMs, signal });
}

/** What `docker` answers, told apart; `dockerd` on this machine says whether it could be started. */
export async function observeDocker(signal?: AbortSignal): Promise<MachineFacts["docker"]> {
  const answer = await askEngine(signal);
  return judgeDocker(answer, (await findDockerd()) !== null);
}

/** The pure part of observeDocker. */
export function judgeDocker(answer: ProgramResult, dockerd: boolean): MachineFacts["docker"] {
  if (answer.outcome === "missing") return "absent";
  if (answer.exitCode === 0) return "running";
  if (/permission denied/i.test(answer.stderr)) return "denied";
  return dockerd ? "stopped" : "absent";
}

async function findDockerd(): Promise<string | null> {
  return (await programsOnPath("dockerd", { PATH: rootPath }))[0] ?? null;
}

/** Finds the engine, or starts the one that is installed (as root). Installing is the step before. */
export async function provideDocker(home: string, context: StepContext): Promise<StepOutcome> {
  const answer = await askEngine(context.signal);
  if (answer.exitCode === 0) return { state: "found", detail: answer.stdout.trim() };
  const dockerd = await findDockerd();
  if (dockerd === null) {
    throw new UserError({
      what: "Docker Engine doesn't answer, and no dockerd is installed here",
      why: failureOf(answer),
      next: "see what `docker info` says",
      code: "docker",
    });
  }
  const lock = {
    file: join(cacheFolder(), "locks", "docker-engine"),
    purpose: "the start of Docker Engine",
    timeoutMs: startTimeoutMs + 10_000,
    signal: context.signal,
  };
  return await withCacheLock(lock, async () => {
    const again = await askEngine(context.signal);
    if (again.exitCode === 0) return { state: "found", detail: again.stdout.trim() };
    return (await isThere("/run/systemd/system"))
      ? await startByUnit(context)
      : await startByHand({ home, dockerd, context });
  });
}

async function startByUnit(context: StepContext): Promise<StepOutcome> {
  context.say("starting docker.service");
  const args = ["start", "docker.service"];
  const start = await runProgram({
    file: "systemctl",
    args,
    timeoutMs: startTimeoutMs,
    signal: context.signal,
  });
  const version = await waitForEngine({ context, ended: () => start.exitCode !== 0 });
  if (version !== null) return { state: "done", detail: `${version}, docker.service started` };
  throw new UserError({
    what: "Docker Engine could not be started",
    why: failureOf(start),
    next: "journalctl -u docker.service",
    code: "docker-start",
  });
}

/** Where there is no systemd: dockerd detached, outliving this command. */
async function startByHand(options: {
  home: string;
  dockerd: string;
  context: StepContext;
}): Promise<StepOutcome> {
  const { home, dockerd, context } = options;
  const log = join(ownFolder(home), "dockerd.log");
  context.say(`starting ${dockerd}, its log in ${log}`);
  const file = await open(log, "a", 0o600);
  const child = spawn(dockerd, [], {
    detached: true,
    stdio: ["ignore", file.fd, file.fd],
    env: { ...process.env, PATH: rootPath },
    cwd: "/",
  });
  let ended = false;
  child.on("exit", () => {
    ended = true;
  });
  child.on("error", () => {
    ended = true;
  });
  await file.close();
  child.unref();
  if (child.pid !== undefined) await placeFile(join(ownFolder(home), "dockerd.pid"), `${child.pid}\n`, 0o600);
  const version = await waitForEngine({ context, ended: () => ended });
  if (version !== null) {
    return { state: "done", detail: `${version} started (process ${child.pid}, log ${log})` };
  }
  throw new UserError({
    what: ended
      ? "Docker Engine ended right after its start"
      : `Docker Engine didn't answer within ${startTimeoutMs / 1000} s`,
    why: lastLines(await readFile(log, "utf8").catch(() => ""), 4).join("\n"),
    next: `read ${log}`,
    code: "docker-start",
  });
}

/** The engine's version once it answers, null when it ended or the wait is over. */
async function waitForEngine(options: {
  context: StepContext;
  ended: () => boolean;
}): Promise<string | null> {
  const deadline = Date.now() + startTimeoutMs;
  while (!options.ended() && !options.context.signal.aborted && Date.now() < deadline) {
    const answer = await askEngine(options.context.signal);
    if (answer.exitCode === 0) return answer.stdout.trim();
    await delay(pollMs);
  }
  return null;
}
