import net from "node:net";
import { type Deadline, deadlineIn, within } from "../../remote/deadline.ts";
import type { SshLogin } from "../../remote/ssh-login.ts";
import type { Connection } from "./schema.ts";

export type Hop = Omit<Connection, "proxy">;

/**
 * A connection's ways to log in. The agent is the one that is named, else the one of SSH_AUTH_SOCK; as published it
 * takes no part beside a private key, whose method is tried once only.
 */
export function sshLogin(hop: Hop, env: NodeJS.ProcessEnv = process.env): SshLogin {
  const { privateKey, privateKeyPassword, password } = hop;
  const agentSocket = hop.agentSocketPath ?? (env.SSH_AUTH_SOCK || undefined);
  return {
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(privateKey === undefined || privateKeyPassword === undefined
      ? {}
      : { passphrase: privateKeyPassword }),
    ...(password === undefined ? {} : { password }),
    ...(agentSocket === undefined ? {} : { agentSocket }),
  };
}

/**
 * Throws where the published plugin ends before it dials: a key that needs a password and has none, one that has one
 * and needs none, an agent that was named and doesn't answer.
 */
export async function refuseUnusableLogin(hop: Hop): Promise<void> {
  const { privateKey, privateKeyPassword, agentSocketPath } = hop;
  if (privateKey !== undefined) {
    const encrypted = isEncrypted(privateKey);
    if (encrypted && privateKeyPassword === undefined)
      throw new Error(`the private key for ${hop.host} is encrypted: give privateKeyPassword`);
    if (!encrypted && privateKeyPassword !== undefined)
      throw new Error(`privateKeyPassword is given, but the private key for ${hop.host} is not encrypted`);
  }
  if (agentSocketPath !== undefined) await refuseSilentAgent(agentSocketPath, deadlineIn(5000));
}

/** Whether a private key is encrypted: in OpenSSH's own format by its cipher's name, else by PEM's own words. */
export function isEncrypted(pem: string): boolean {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)-----END/.exec(pem)?.[1];
  if (body === undefined) return /^Proc-Type: 4,ENCRYPTED|-----BEGIN ENCRYPTED PRIVATE KEY-----/m.test(pem);
  const bytes = Buffer.from(body, "base64");
  const magic = "openssh-key-v1\0";
  const length = bytes.length < magic.length + 4 ? 0 : bytes.readUInt32BE(magic.length);
  const cipher = bytes.toString("latin1", magic.length + 4, magic.length + 4 + length);
  return cipher !== "" && cipher !== "none";
}

async function refuseSilentAgent(path: string, deadline: Deadline): Promise<void> {
  const socket = net.connect(path);
  const answer = new Promise<void>((resolve, reject) =>
    socket.once("connect", resolve).once("error", reject),
  );
  try {
    await within(answer, deadline, () => new Error("no answer"));
  } catch (error) {
    throw new Error(`no SSH agent at ${path} (agentSocketPath): ${(error as Error).message}`);
  } finally {
    socket.destroy();
  }
}
