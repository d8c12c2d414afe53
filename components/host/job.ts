import type { PlaceWords } from "../place-words.ts";
import { hostFile, render } from "./render.ts";

/** What a role puts on a host: its files, then the script that runs when they lie there. */
export interface RoleJob {
  role: string;
  /** New at each creation of a machine, so that the same job is another one for it. */
  machineId: string;
  /**
   * `mode` defaults to 0644, `owner` ("user:group") to root:root. `own`: no counterpart in another place has the same,
   * whatever names and addresses are called (a key, a certificate).
   */
  files: readonly { path: string; content: string; mode?: string; owner?: string; own?: boolean }[];
  script: string;
  /** What the host's place calls itself and the others, for evenkeel-look. */
  words?: PlaceWords;
}

/**
 * The program that applies a job, to be read by `python3 -I -` on the host. The job is one readable line of JSON in it,
 * so that a plugin which cleans its messages of secrets finds each of them there.
 */
export function roleProgram(job: RoleJob): string {
  const files = [...onEveryHost(), ...job.files].map((file) => ({
    mode: "0644",
    owner: "root:root",
    ...file,
  }));
  const text = JSON.stringify({ ...job, files });
  return render(hostFile("common/apply.py"), { JOB: text.replaceAll("'", "\\u0027") });
}

/** What a host gets whatever its role: the look at it, the helpers of the role scripts, and what they tell sshd. */
function onEveryHost(): RoleJob["files"] {
  return [
    { path: "/usr/local/sbin/evenkeel-look", content: hostFile("common/evenkeel-look"), mode: "0755" },
    ...["plain.py", "wanted.py", "folders.py", "findings.py", "parity.py", "disks.py"].map((part) => ({
      path: `/usr/local/lib/evenkeel/look/${part}`,
      content: hostFile(`common/look/${part}`),
    })),
    // As it is, without a job in it: what evenkeel-look applies a role with again.
    { path: "/usr/local/lib/evenkeel/apply.py", content: hostFile("common/apply.py") },
    { path: "/usr/local/lib/evenkeel/role.sh", content: hostFile("common/role.sh") },
    { path: "/etc/evenkeel/sshd.conf", content: hostFile("ssh/evenkeel.conf") },
  ];
}
