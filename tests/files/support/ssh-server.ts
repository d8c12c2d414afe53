import { mkdtemp, readFile, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { execa } from "execa";
import { tryDocker } from "../../../automation/lab/docker.ts";
import { labImage } from "../../../components/lab/image.ts";

/** An SSH server for one test file, and the ways into it. */
export interface SshServer {
  host: string;
  port: number;
  /** The port on which it answers to itself: to whoever comes through it as a jump host. */
  innerPort: number;
  hostKey: string;
  /** Opens it for root. */
  privateKey: string;
  /** Opens it for root as well, but is encrypted. */
  lockedKey: { privateKey: string; password: string };
  /** A user who has a password and no key. */
  user: { name: string; password: string };
  /** Runs a bash script there, as root; throws with what it printed when it fails. */
  bash(script: string): Promise<string>;
  remove(): Promise<void>;
}

const innerPort = 2222;
/** What the server takes of a client's variables; nothing else. */
export const acceptedVariables = ["TAKEN_ONE", "TAKEN_TWO", "PULUMI_COMMAND_STDOUT"];
const user = { name: "somebody", password: "pass \"w'o$rd \\1" };

/**
 * A container of the lab's own image that runs nothing but sshd, reached at a port of 127.0.0.1. It ends by itself
 * after ten minutes, should the test be killed. Throws when Docker or the image is missing: such a test is never skipped.
 */
export async function sshServer(): Promise<SshServer> {
  const name = `evenkeel-files-plugin-${process.pid}`;
  const keys = await mkdtemp(path.join(os.tmpdir(), "ssh-keys-"));
  const remove = async () => {
    await tryDocker(["rm", "-f", "-v", name], { timeoutMs: 60_000 });
    await rm(keys, { recursive: true, force: true });
  };
  const bash = (script: string) => must(["exec", "-i", name, "bash", "-euo", "pipefail", "-s"], script);
  try {
    const plain = await keyPair(path.join(keys, "plain"), "");
    const locked = await keyPair(path.join(keys, "locked"), "open me");
    const flags = ["--pull", "never", "--rm", "--init", "--name", name, "-p", `127.0.0.1::${innerPort}`];
    await must(["run", "-d", ...flags, "--entrypoint", "sleep", labImage(), "600"]);
    const hostKey = await bash(startScript([plain.publicKey, locked.publicKey]));
    const published = await must(["port", name, `${innerPort}/tcp`]);
    const port = Number(/:(\d+)\s*$/m.exec(published)?.[1]);
    await waitForBanner(port);
    const lockedKey = { privateKey: locked.privateKey, password: "open me" };
    const { privateKey } = plain;
    return {
      host: "127.0.0.1",
      port,
      innerPort,
      hostKey: hostKey.trim(),
      privateKey,
      lockedKey,
      user,
      bash,
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function keyPair(file: string, password: string): Promise<{ privateKey: string; publicKey: string }> {
  await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", password, "-C", "", "-f", file], {
    timeout: 20_000,
  });
  return {
    privateKey: await readFile(file, "utf8"),
    publicKey: (await readFile(`${file}.pub`, "utf8")).trim(),
  };
}

/** Prints the host key. */
function startScript(authorized: readonly string[]): string {
  return `mkdir -p /run/sshd /root/.ssh && chmod 0700 /root/.ssh
cat >/root/.ssh/authorized_keys <<'KEYS'
${authorized.join("\n")}
KEYS
ssh-keygen -q -t ed25519 -N '' -C '' -f /etc/ssh/test_key
useradd -m -s /bin/sh ${user.name}
chpasswd <<'PASSWORD'
${user.name}:${user.password}
PASSWORD
cat >/etc/ssh/test_config <<'CONFIG'
Port ${innerPort}
HostKey /etc/ssh/test_key
PermitRootLogin prohibit-password
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM no
AcceptEnv ${acceptedVariables.join(" ")}
Subsystem sftp internal-sftp
PerSourcePenalties no
MaxStartups 100
CONFIG
/usr/sbin/sshd -f /etc/ssh/test_config
cat /etc/ssh/test_key.pub
`;
}

async function waitForBanner(port: number): Promise<void> {
  const until = Date.now() + 10_000;
  while (!(await answers(port))) {
    if (Date.now() > until) throw new Error(`no SSH server at 127.0.0.1:${port} within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect({ host: "127.0.0.1", port, timeout: 2000 });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once("data", (chunk) => resolve(chunk.toString().startsWith("SSH-")));
      for (const event of ["error", "timeout", "close"]) socket.once(event, () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

async function must(argv: readonly string[], input = ""): Promise<string> {
  const { exitCode, stdout, stderr } = await tryDocker(argv, { timeoutMs: 60_000, input });
  if (exitCode !== 0) throw new Error(`docker ${argv[0]}: exit ${exitCode}: ${stderr}${stdout}`);
  return stdout;
}
