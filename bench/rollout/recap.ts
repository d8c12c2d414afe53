/** What a run of ansible-playbook said of itself at its end. Pure. */

export interface Recap {
  hosts: number;
  changed: number;
  unreachable: number;
  failed: number;
}

const line = /^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)/gm;

/** Sums the lines of "PLAY RECAP" over all hosts. Throws where there is none: then the run did not come to its end. */
export function readRecap(stdout: string): Recap {
  const found = [...stdout.slice(stdout.lastIndexOf("PLAY RECAP")).matchAll(line)];
  if (found.length === 0) throw new Error("ansible-playbook printed no recap");
  const sum = (column: number) => found.reduce((total, match) => total + Number(match[column]), 0);
  return { hosts: found.length, changed: sum(2), unreachable: sum(3), failed: sum(4) };
}
