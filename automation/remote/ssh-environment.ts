/** How variables of a remote command reach ssh: none of their values ever stands in an argument. */
export interface CarriedVariables {
  /** A line for a config file that nobody else may read; null: nothing to put there. */
  configLine: string | null;
  /** Names to give as SendEnv, whose values are in `processVariables`. */
  sendNames: readonly string[];
  /** For the environment of the ssh process, which only its own user can read. */
  processVariables: Record<string, string>;
}

/**
 * A config file holds values of one line only, so those of several go through the environment of ssh itself. What
 * would change ssh there (its loader, its shell, its agent) is kept out of it.
 * Throws, naming the variable and never its value, when a variable can't be carried.
 */
export function carryVariables(variables: Readonly<Record<string, string>>): CarriedVariables {
  const words: string[] = [];
  const processVariables: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (!/^[^\s=\0"\\]+$/.test(name)) throw new Error(`${JSON.stringify(name)} cannot name a variable`);
    if (value.includes("\0")) throw new Error(`the variable ${name} holds a NUL byte`);
    if (/[\r\n]/.test(value)) processVariables[ofSeveralLines(name)] = value;
    else words.push(`"${name}=${value.replaceAll(/["\\]/g, "\\$&")}"`);
  }
  return {
    configLine: words.length === 0 ? null : `SetEnv ${words.join(" ")}`,
    sendNames: Object.keys(processVariables),
    processVariables,
  };
}

const governsPrograms = /^(?:LD_|SSH_|GLIBC_|OPENSSL_|MALLOC_|NODE_|(?:HOME|PATH|SHELL|DISPLAY|TMPDIR)$)/;

function ofSeveralLines(name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name) || governsPrograms.test(name)) {
    throw new Error(`the variable ${name} cannot be given a value of several lines over SSH`);
  }
  return name;
}
