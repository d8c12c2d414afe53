import { constants } from "node:fs";
import { lstat, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { exitCodes, UserError } from "../errors.ts";
import { redact } from "../redact.ts";

/** A support bundle in the making: files in a folder, each text with the secrets taken out. */
export interface Bundle {
  /** What `work` gives, or null, and the reason under `missing`: a support bundle of a broken site is still one. */
  have<T>(name: string, work: () => T | Promise<T>): Promise<T | null>;
  /** Adds the text that `work` gives as the file `name`, or notes why there is none. */
  collect(name: string, work: () => string | Promise<string>): Promise<void>;
  missing: { name: string; why: string }[];
  names: string[];
}

/** Parts that no secret gets into: they are had also where the secrets are not known. */
const harmless = /^(machine\/[\w.-]+|check\.json|stacks|outputs\.json|missing\.json)$/;

/** @param secrets what is to be taken out; null where that is not known: then only harmless parts are had. */
export function openBundle(folder: string, secrets: readonly string[] | null): Bundle {
  const names: string[] = [];
  const missing: Bundle["missing"] = [];
  const have: Bundle["have"] = async (name, work) => {
    if (secrets === null && !harmless.test(name)) {
      missing.push({ name, why: "the site's secrets can't be read, so none could be taken out of it" });
      return null;
    }
    try {
      return await work();
    } catch (error) {
      missing.push({ name, why: reason(error, secrets) });
      return null;
    }
  };
  const collect: Bundle["collect"] = async (name, work) => {
    const done = await have(name, async () => {
      const text = redact(await work(), secrets ?? []);
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, text, { mode: 0o600, flag: "wx" });
      return true;
    });
    if (done !== null) names.push(name);
  };
  return { have, collect, missing, names };
}

/** Why something could not be had. An error may quote what it met, so it is told in full only where secrets are known. */
export function reason(error: unknown, secrets: readonly string[] | null): string {
  if (error instanceof UserError) {
    const parts = secrets === null ? [error.what] : [error.what, error.why];
    return redact(parts.filter(Boolean).join(": "), secrets ?? []);
  }
  const { code, name, message } = Object(error) as { code?: string; name?: string; message?: string };
  return secrets === null ? (code ?? name ?? "it failed") : redact(message ?? String(error), secrets);
}

/** Reads a file of the site: a regular one only, since whoever may write there could point anywhere by a link. */
export async function readOwn(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw new Error(`${path} is no regular file`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

/**
 * Refuses (exit 2) a target that is there and is no regular file: a folder, a device, a link to somewhere else.
 * `flag` names the site in the command to run next.
 */
export async function refuseTarget(file: string, flag: string): Promise<void> {
  let why: string;
  try {
    if ((await lstat(file)).isFile()) return;
    why = "it is there and is no regular file";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    why = (error as Error).message;
  }
  throw notWritten({ file, flag }, why, exitCodes.usage);
}

/** Packs the folder into a .tar.gz (0600) that is there as a whole or not at all. */
export async function pack(folder: string, file: string, flag: string): Promise<void> {
  const temporary = `${file}.${process.pid}.new`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await rm(temporary, { force: true });
    await writeFile(temporary, "", { mode: 0o600, flag: "wx" });
    // Without the flag tar takes a name with a colon for another host's.
    const argv = ["--force-local", "-C", folder, "-czf", temporary, "."];
    await execa("tar", argv, { stdin: "ignore", timeout: 60_000 });
    await refuseTarget(file, flag);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (error instanceof UserError) throw error;
    throw notWritten({ file, flag }, (error as Error).message, exitCodes.error);
  }
}

function notWritten(
  { file, flag }: { file: string; flag: string },
  why: string,
  exitCode: typeof exitCodes.usage | typeof exitCodes.error,
): UserError {
  return new UserError({
    what: `the bundle ${file} could not be written`,
    why,
    next: `npx evenkeel doctor${flag} --output FILE, with a new file in a folder that can be written`,
    exitCode,
    code: "bundle-target",
  });
}
