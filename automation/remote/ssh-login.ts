import path from "node:path";
import { configPath, digest, type SshFiles } from "./ssh-files.ts";

/**
 * How a host lets this machine in, where it isn't by the session's own key. With several given they are tried in
 * the published command plugin's order: key, password (also at a prompt of the host's own), agent. An agent is
 * asked only where there is no key.
 */
export interface SshLogin {
  /** OpenSSH PEM. */
  privateKey?: string;
  /** Opens the private key. */
  passphrase?: string;
  /** One line. */
  password?: string;
  /** The path of an agent's socket, used where there is no key. */
  agentSocket?: string;
}

/** ssh asks this program for a password or passphrase; it reads them from files and never prints them elsewhere. */
const askpass = path.join(import.meta.dirname, "askpass.sh");

/** What is wrong with a login; an empty list means that ssh can be given it. */
export function loginProblems(login: SshLogin = {}): string[] {
  const secrets = { password: login.password, passphrase: login.passphrase };
  const broken = Object.entries(secrets).filter(([, secret]) => /[\r\n]/.test(secret ?? ""));
  return broken.map(([name]) => `its ${name} holds a line break`);
}

/** The file that holds a host's private key: the session's, or one named by the digest of key and passphrase. */
export function keyFile(files: SshFiles, login: SshLogin | undefined): string {
  const key = login?.privateKey;
  return key === undefined ? files.key : `${files.key}-${digest(JSON.stringify([key, login?.passphrase]))}`;
}

function secretFile(files: SshFiles, secret: string): string {
  return `${files.key}-secret-${digest(secret)}`;
}

/** What must lie in 0600 files before ssh is started, by path. */
export function loginFiles(files: SshFiles, login: SshLogin = {}): Map<string, string> {
  const { privateKey, passphrase, password } = login;
  const content = new Map<string, string>();
  if (privateKey !== undefined) content.set(keyFile(files, login), withNewline(privateKey));
  for (const secret of [passphrase, password]) {
    if (secret !== undefined) content.set(secretFile(files, secret), withNewline(secret));
  }
  return content;
}

/** OpenSSH refuses a key file that does not end in a newline. */
export function withNewline(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

/** The lines of a host's config block that say how to log in. They come before the defaults of "Host *". */
export function loginLines(files: SshFiles, login: SshLogin | undefined): string[] {
  if (login === undefined) return [`  IdentityFile ${configPath(files.key)}`];
  const { privateKey, password, agentSocket } = login;
  const key = privateKey === undefined ? "none" : configPath(keyFile(files, login));
  const agent = privateKey === undefined && agentSocket !== undefined;
  const methods = [
    ...(privateKey === undefined ? [] : ["publickey"]),
    ...(password === undefined ? [] : ["password", "keyboard-interactive"]),
    ...(agent ? ["publickey"] : []),
  ];
  return [
    `  IdentityFile ${key}`,
    ...(methods.length === 0 ? [] : [`  PreferredAuthentications ${methods.join(",")}`]),
    ...(agent ? [`  IdentityAgent ${configPath(agentSocket)}`, "  IdentitiesOnly no"] : []),
    // In batch mode ssh asks nobody, the helper neither; asked once, a wrong answer is no lock-out.
    ...(asks(login) ? ["  BatchMode no", "  NumberOfPasswordPrompts 1"] : []),
  ];
}

function asks(login: SshLogin | undefined): boolean {
  return login?.password !== undefined || login?.passphrase !== undefined;
}

/** Variables for the ssh that dials, to be added to the process's own: where the helper finds the answers. */
export function askpassVariables(files: SshFiles, login: SshLogin | undefined): Record<string, string> {
  if (!asks(login)) return {};
  const file = (secret: string | undefined) => (secret === undefined ? "" : secretFile(files, secret));
  return {
    SSH_ASKPASS: askpass,
    SSH_ASKPASS_REQUIRE: "force",
    EVENKEEL_SSH_KEY: keyFile(files, login),
    EVENKEEL_SSH_PASSPHRASE_FILE: file(login?.passphrase),
    EVENKEEL_SSH_PASSWORD_FILE: file(login?.password),
  };
}
