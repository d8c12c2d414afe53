import { createHash } from "node:crypto";
import path from "node:path";
import { UserError } from "../errors.ts";

/** Where one session keeps its files, all below a 0700 directory. */
export interface SshFiles {
  config: string;
  knownHosts: string;
  key: string;
}

export function sshFiles(directory: string): SshFiles {
  return {
    config: path.join(directory, "config"),
    knownHosts: path.join(directory, "known_hosts"),
    key: path.join(directory, "key"),
  };
}

/** Eight hex digits that stand for a text. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

/** A path as a config value: quoted for spaces, per cent doubled because SSH expands tokens in it. */
export function configPath(file: string): string {
  if (/["\n\r]/.test(file)) {
    throw new UserError({
      what: `the path ${JSON.stringify(file)} cannot stand in an SSH config file`,
      next: "move the clone to a folder without quotation marks and line breaks in its path",
    });
  }
  return `"${file.replaceAll("%", "%%")}"`;
}
