import { chmod, cp, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Deadline } from "../../remote/deadline.ts";
import type { SshSession } from "../../remote/ssh.ts";
import { privateDirectory } from "../../remote/ssh-sockets.ts";
import type { Inputs } from "./schema.ts";
import { fileAsset, isObject } from "./values.ts";

type CopyInputs = Pick<Inputs<"command:remote:CopyToRemote">, "source" | "remotePath">;

export type RemoteKind = "directory" | "file" | "nothing";

export interface CopySource {
  kind: "file" | "directory" | "text";
  /** Its last name; of a text, none. */
  name: string;
  /** A folder written with a trailing slash stands for what is in it. */
  contentsOnly: boolean;
}

export interface Placement {
  /** The folder on the host that receives; it is made with its parents when it isn't there. */
  directory: string;
  /** The name there; null: the folder's contents, under their own names. */
  name: string | null;
}

/**
 * Where a source comes to lie, by what is at the remote path already. The published plugin's table:
 * a folder goes into the path (`dir` as path/dir, `dir/` as its contents) and never onto a file; a file goes into
 * a folder under its own name and else becomes the path; a text becomes the path and never goes into a folder.
 * Throws with the sentence that says what doesn't fit.
 */
export function placement(source: CopySource, remotePath: string, there: RemoteKind): Placement {
  if (source.kind === "directory") {
    if (there === "file")
      throw new Error(`${remotePath} on the host is a file: a folder cannot be put there`);
    return { directory: remotePath, name: source.contentsOnly ? null : source.name };
  }
  if (there === "directory") {
    if (source.kind === "file") return { directory: remotePath, name: source.name };
    throw new Error(`${remotePath} on the host is a folder: remotePath must name a file for a text`);
  }
  if (remotePath.endsWith("/"))
    throw new Error(`${remotePath} is no folder on the host and cannot name a file`);
  return { directory: path.posix.dirname(remotePath), name: path.posix.basename(remotePath) };
}

const lookScript =
  'if [ -d "$1" ]; then echo directory; elif [ -e "$1" ]; then echo file; else echo nothing; fi';
const makeScript = 'mkdir -p -- "$1"';

export interface CopyTarget {
  session: SshSession;
  alias: string;
  deadline: Deadline;
}

/** Copies the source by sftp over the host's one connection. Archives are copied as they are, never unpacked. */
export async function copyToRemote(inputs: CopyInputs, target: CopyTarget): Promise<void> {
  const { asset, source } = await describe(inputs);
  const there = (await shell(target, lookScript, inputs.remotePath)).trim() as RemoteKind;
  const place = placement(source, inputs.remotePath, there);
  const stage = await mkdtemp(path.join(await privateDirectory(), "copy-"));
  try {
    const entries = await staged(asset, source, place, stage);
    await shell(target, makeScript, place.directory);
    if (entries.length === 0) return;
    const directory = place.directory.endsWith("/") ? place.directory : `${place.directory}/`;
    const result = await target.session.put(target.alias, entries, directory, timeout(target));
    if (result.exitCode !== 0)
      throw new Error(`copying to ${inputs.remotePath} failed: ${result.stderr.trim()}`);
  } finally {
    await rm(path.dirname(stage), { recursive: true, force: true });
  }
}

/**
 * The older resource: one file onto one path, whose folder has to be there. A folder on either side is an error.
 */
export async function copyFile(
  inputs: Pick<Inputs<"command:remote:CopyFile">, "localPath" | "remotePath">,
  target: CopyTarget,
): Promise<void> {
  const { localPath, remotePath } = inputs;
  if (!(await stat(localPath)).isFile()) throw new Error(`${localPath} is no file`);
  const there = (await shell(target, lookScript, remotePath)).trim() as RemoteKind;
  if (there === "directory") throw new Error(`${remotePath} on the host is a folder`);
  const parent = path.posix.dirname(remotePath);
  if ((await shell(target, lookScript, parent)).trim() !== "directory")
    throw new Error(`${parent} on the host is no folder`);
  await copyToRemote({ source: fileAsset(localPath, ""), remotePath }, target);
}

interface AssetFacts {
  path: string | undefined;
  text: string | undefined;
}

async function describe(inputs: CopyInputs): Promise<{ asset: AssetFacts; source: CopySource }> {
  const value = isObject(inputs.source) ? inputs.source : {};
  const file = typeof value.path === "string" && value.path !== "" ? value.path : undefined;
  if (file === undefined) {
    const text = typeof value.text === "string" ? value.text : "";
    return { asset: { path: undefined, text }, source: { kind: "text", name: "", contentsOnly: false } };
  }
  const kind = (await stat(file)).isDirectory() ? "directory" : "file";
  const source: CopySource = { kind, name: path.basename(file), contentsOnly: file.endsWith("/") };
  return { asset: { path: file, text: undefined }, source };
}

/**
 * The files to send, under the names they get. As copies, because sftp hands a file's own mode on, while the
 * published plugin leaves new files to the host's umask: 0666 becomes 0644 there, as a rule. A folder's mode is
 * set as sent, past the umask, hence 0755.
 */
async function staged(
  asset: AssetFacts,
  source: CopySource,
  place: Placement,
  stage: string,
): Promise<string[]> {
  const root = path.join(stage, place.name ?? "contents");
  if (asset.path === undefined) await writeFile(root, asset.text ?? "", { mode: 0o600 });
  else await cp(asset.path, root, { recursive: true, dereference: true });
  await plainModes(root);
  if (source.kind !== "directory" || place.name !== null) return [root];
  return (await readdir(root)).map((name) => path.join(root, name));
}

async function plainModes(file: string): Promise<void> {
  const directory = (await stat(file)).isDirectory();
  await chmod(file, directory ? 0o755 : 0o666);
  if (!directory) return;
  for (const name of await readdir(file)) await plainModes(path.join(file, name));
}

async function shell(target: CopyTarget, script: string, argument: string): Promise<string> {
  const argv = ["/bin/sh", "-c", script, "sh", argument];
  const result = await target.session.run(target.alias, { argv }, timeout(target));
  if (result.exitCode !== 0) throw new Error(`${argument} on the host: ${result.stderr.trim()}`);
  return result.stdout;
}

function timeout({ deadline }: CopyTarget): { timeoutMs: number } {
  return { timeoutMs: deadline.leftMs() };
}
