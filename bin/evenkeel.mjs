#!/usr/bin/env node
/**
 * The way in, for whatever Node the machine has (20 or newer): installs the dependencies when the lock file changed,
 * then hands over to the Node 24 among them. Plain JavaScript on built-in modules, because nothing is installed yet.
 *
 *   evenkeel.mjs [ARGS]              runs automation/cli.ts
 *   evenkeel.mjs --run FILE [ARGS]   runs that TypeScript file of the clone instead
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { constants, homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const oldestNode = 20;
const pinnedNode = "v24.";
const installDeadlineMs = 15 * 60_000;
const home = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const nodeModules = join(home, "node_modules");
const node24 = join(nodeModules, ".bin", "node");
/** Holds the hash of the lock file that node_modules was installed from. */
const marker = join(nodeModules, ".evenkeel-lock");
const installLock = join(home, ".evenkeel", "dependencies.lock");

class Problem extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

function say(line) {
  process.stderr.write(`evenkeel: ${line}\n`);
}

function lockHash() {
  try {
    return createHash("sha256")
      .update(readFileSync(join(home, "package-lock.json")))
      .digest("hex");
  } catch {
    throw new Problem(
      `${join(home, "package-lock.json")} is missing. Restore it: git checkout package-lock.json`,
    );
  }
}

function readText(path) {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

/**
 * True when npm's own record of what lies in node_modules says the same as the lock file: an `npm ci` by hand counts.
 * Entries for other platforms are optional and stand in the lock file only.
 */
function installedByHand() {
  const record = readText(join(nodeModules, ".package-lock.json"));
  if (record === null) return false;
  try {
    const wanted = JSON.parse(readFileSync(join(home, "package-lock.json"), "utf8")).packages;
    const installed = JSON.parse(record).packages;
    for (const [path, entry] of Object.entries(wanted)) {
      if (path === "") continue;
      const found = installed[path];
      if (
        found === undefined
          ? !entry.optional
          : found.version !== entry.version || found.integrity !== entry.integrity
      ) {
        return false;
      }
    }
    return Object.keys(installed).every((path) => path in wanted);
  } catch {
    return false;
  }
}

function upToDate() {
  const hash = lockHash();
  if (readText(marker) === hash) return existsSync(node24);
  if (!installedByHand() || !isPinnedNode()) return false;
  writeFileSync(marker, `${hash}\n`);
  return true;
}

function isPinnedNode() {
  const { stdout } = spawnSync(node24, ["-v"], { encoding: "utf8", timeout: 30_000 });
  return typeof stdout === "string" && stdout.startsWith(pinnedNode);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Where this process's number counts: pid_namespaces(7). Empty where it can't be read. */
function pidNamespace() {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/**
 * Removes the lock of a dead process. Of two that find it only one may: the other could remove a living one's by then.
 * False where another is at it.
 */
function dropDead(held) {
  const claim = `${installLock}.${held.replaceAll(/\W/g, "-")}`;
  try {
    closeSync(openSync(claim, "wx", 0o600));
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
  try {
    if (readText(installLock) === held) rmSync(installLock, { force: true });
  } finally {
    rmSync(claim, { force: true });
  }
  return true;
}

/** Two commands started at once in a fresh clone: one installs, the other waits for it. */
async function withInstallLock(work) {
  mkdirSync(dirname(installLock), { recursive: true, mode: 0o700 });
  const deadline = Date.now() + installDeadlineMs;
  for (;;) {
    try {
      const file = openSync(installLock, "wx", 0o600);
      writeSync(file, [process.pid, pidNamespace()].join(" ").trim());
      closeSync(file);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const held = readText(installLock) ?? "";
    const [pid, namespace] = held.split(" ");
    // In a container other processes are seen: of one there nothing is known here.
    const isHere = namespace === undefined || namespace === pidNamespace();
    if (/^[1-9]\d*$/.test(pid) && isHere && !isAlive(Number(pid)) && dropDead(held)) continue;
    if (Date.now() > deadline) {
      throw new Problem(
        `Another command (process ${pid}) still installs the dependencies. If it doesn't, remove ${installLock}.`,
        13,
      );
    }
    await new Promise((done) => setTimeout(done, 300));
  }
  try {
    await work();
  } finally {
    rmSync(installLock, { force: true });
  }
}

/** Runs npm with its output kept; resolves to { code, output }. The deadline ends npm and all it started. */
function npm(args) {
  return new Promise((done) => {
    const child = spawn("npm", args, { cwd: home, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const endGroup = () => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // Gone already.
      }
    };
    const timer = setTimeout(() => {
      output += `\nnpm was stopped after ${installDeadlineMs / 60_000} minutes`;
      endGroup();
    }, installDeadlineMs);
    const stop = (signal) => {
      endGroup();
      rmSync(installLock, { force: true });
      process.exit(128 + constants.signals[signal]);
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, stop);
    const finish = (code) => {
      clearTimeout(timer);
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeListener(signal, stop);
      done({ code, output });
    };
    child.on("error", (error) => {
      output += error.code === "ENOENT" ? "npm isn't on PATH" : error.message;
      finish(1);
    });
    child.on("close", (code) => finish(code ?? 1));
  });
}

async function installDependencies() {
  if (upToDate()) return;
  const startedAt = Date.now();
  say("dependencies: npm ci …");
  const { code, output } = await npm(["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"]);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  if (code !== 0) {
    process.stderr.write(`${output.trim()}\n`);
    throw new Problem(
      `npm could not install the dependencies (${seconds} s). Its output is above; then run this again.`,
    );
  }
  if (!isPinnedNode()) {
    throw new Problem(
      `The dependencies are installed, but ${node24} isn't Node 24: its install script didn't run. ` +
        "Allow it: npm rebuild node --ignore-scripts=false",
    );
  }
  writeFileSync(marker, `${lockHash()}\n`);
  say(`dependencies: installed (${seconds} s)`);
}

function target(args) {
  if (args[0] !== "--run") return [join(home, "automation", "cli.ts"), ...args];
  if (args[1] === undefined) throw new Problem("--run needs a file: evenkeel.mjs --run FILE [ARGS]", 2);
  const file = resolve(home, args[1]);
  if (!existsSync(file)) throw new Problem(`--run: there is no file ${file}`, 2);
  return [file, ...args.slice(2)];
}

/**
 * A terminal sends Ctrl-C to the whole group, the child included: passing it on as well would make two of one, and
 * the second interrupt means "abort". Without a terminal the signal came to this process alone and is passed on.
 */
function passSignals(child) {
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"]) {
    const fromTerminal = terminal && (signal === "SIGINT" || signal === "SIGQUIT");
    process.on(signal, () => {
      if (!fromTerminal) child.kill(signal);
    });
  }
}

/** `${XDG_CACHE_HOME:-~/.cache}/evenkeel`, as automation/engine/cache.ts has it. */
function cacheFolder() {
  const base = process.env.XDG_CACHE_HOME;
  return join(base?.startsWith("/") ? base : join(homedir(), ".cache"), "evenkeel");
}

function handOver(command) {
  const env = {
    ...process.env,
    EVENKEEL_HOME: home,
    // Node keeps what it compiled: every start is a third faster.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(cacheFolder(), "node-compile"),
    PATH: [join(nodeModules, ".bin"), process.env.PATH].filter(Boolean).join(delimiter),
  };
  const child = spawn(node24, command, { stdio: "inherit", env });
  passSignals(child);
  child.on("error", (error) => end(new Problem(`${node24} could not be started: ${error.message}`)));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function end(error) {
  if (!(error instanceof Problem)) throw error;
  say(error.message);
  process.exit(error.exitCode);
}

async function main() {
  if (Number(process.versions.node.split(".")[0]) < oldestNode) {
    throw new Problem(
      `Node ${oldestNode} or newer is needed to start; this is Node ${process.versions.node}.`,
      2,
    );
  }
  const command = target(process.argv.slice(2));
  if (!upToDate()) await withInstallLock(installDependencies);
  handOver(command);
}

main().catch(end);
