import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { KeyPair } from "../../components/secrets.ts";
import { UserError } from "../errors.ts";

/**
 * An ed25519 key pair in OpenSSH's own form, which node:crypto can't write. `workDirectory` (0700) holds the files for
 * a moment. `comment` names the key in logs of the hosts.
 */
export async function sshKeyPair(workDirectory: string, comment: string): Promise<KeyPair> {
  const directory = mkdtempSync(join(workDirectory, "key-"));
  try {
    const file = join(directory, "key");
    await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file], {
      timeout: 10_000,
      stdin: "ignore",
    });
    const publicKey = readFileSync(`${file}.pub`, "utf8").trim();
    return { privateKey: readFileSync(file, "utf8"), publicKey };
  } catch (cause) {
    throw new UserError({
      what: "an SSH key could not be made with ssh-keygen",
      why: (cause as { shortMessage?: string }).shortMessage ?? String(cause),
      next: "install OpenSSH's client (Debian: apt-get install openssh-client) and run the command again",
      cause,
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
