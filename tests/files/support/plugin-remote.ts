import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { execa } from "execa";
import { type PluginStack, pluginStack } from "./plugin-stack.ts";
import { type SshServer, sshServer } from "./ssh-server.ts";

const { FileAsset, StringAsset, FileArchive } = pulumi.asset;

/** A host, and a folder with what is copied to it and with `agent`, the socket of an agent for its key. */
interface RemotePlace {
  server: SshServer;
  folder: string;
}

/** Such a place, with a stack of its own. */
export interface RemoteSetting extends RemotePlace {
  stack: PluginStack;
  remove(): Promise<void>;
}

export async function remoteSetting(name: string): Promise<RemoteSetting> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "plugin-copies-"));
  const undo: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const remove = async () => {
    for (const each of undo.splice(0).reverse()) await each();
  };
  try {
    const server = await sshServer();
    undo.push(() => server.remove());
    const stack = await pluginStack(name);
    undo.push(() => stack.remove());
    await writeSources(folder);
    const socket = path.join(folder, "agent");
    const agent = await execa("ssh-agent", ["-s", "-a", socket], { timeout: 10_000 });
    const agentPid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent.stdout)?.[1]);
    undo.push(async () => void process.kill(agentPid));
    const env = { SSH_AUTH_SOCK: socket };
    await execa("ssh-add", ["-q", "-"], { env, input: server.privateKey, timeout: 10_000 });
    return { server, stack, folder, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** What the program copies. */
async function writeSources(folder: string): Promise<void> {
  const write = (text: string, ...names: string[]) => writeFile(path.join(folder, ...names), text);
  await mkdir(path.join(folder, "tree", "sub"), { recursive: true });
  await write("one", "tree", "one.txt");
  await write("two", "tree", "sub", "two.txt");
  await write("file", "file.txt");
  await write("not unpacked", "packed.zip");
}

/** Every way to log in; everything else of a connection is the published default. */
export function connectionsTo({ server, folder }: RemotePlace) {
  const { host, port, hostKey, privateKey, lockedKey, user } = server;
  const place = { host, port, hostKey };
  const password = { ...place, user: user.name, password: user.password };
  const key = { ...place, privateKey };
  return {
    key,
    unchecked: { host, port, privateKey },
    password,
    locked: { ...place, privateKey: lockedKey.privateKey, privateKeyPassword: lockedKey.password },
    agent: { ...place, agentSocketPath: path.join(folder, "agent") },
    proxied: { ...key, port: server.innerPort, proxy: password },
  };
}

export const showLast = 'echo "${PULUMI_COMMAND_STDOUT-none}|${PULUMI_COMMAND_STDERR-none}"; echo err >&2';

/** `makeChange` is called inside the program and makes resources other ones, each in its own way. */
export function remoteProgram(
  place: RemotePlace,
  makeChange: () => Record<string, object> = () => ({}),
): PulumiFn {
  const here = (...names: string[]) => path.join(place.folder, ...names);
  return async () => {
    const change = makeChange();
    const { key, ...others } = connectionsTo(place);
    const command = (name: string, args: Partial<remote.CommandArgs>) =>
      new remote.Command(name, { connection: key, ...args, ...change[name] });
    const copy = (name: string, source: pulumi.asset.Asset | pulumi.asset.Archive, remotePath: string) =>
      new remote.CopyToRemote(name, { connection: key, source, remotePath, ...change[name] });
    for (const [name, connection] of Object.entries(others)) command(name, { connection, create: "id -un" });
    command("streams", { create: "cat; echo err >&2; printf 'two\\n\\n'", stdin: "in " });
    const environment = { TAKEN_ONE: 'a "b" \\ $c', TAKEN_TWO: pulumi.secret("two\nlines") };
    command("environment", { create: 'printf "%s|%s" "$TAKEN_ONE" "$TAKEN_TWO"', environment });
    command("previous", { create: showLast, delete: `(${showLast}) >/root/deleted 2>&1` });
    command("silent", { create: "echo hidden", logging: "none" });
    copy("file", new FileAsset(here("file.txt")), "/root/copies/new/file");
    copy("text", new StringAsset("text"), "/root/copies/text");
    copy("tree", new FileArchive(here("tree")), "/root/copies/trees");
    copy("contents", new FileArchive(`${here("tree")}/`), "/root/copies/contents");
    copy("packed", new FileArchive(here("packed.zip")), "/srv");
    const older = { localPath: here("file.txt"), remotePath: "/root/older", ...change.older };
    new remote.CopyFile("older", { connection: key, ...older });
  };
}
