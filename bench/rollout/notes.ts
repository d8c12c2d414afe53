import type { BenchSite } from "./hosts.ts";

/** What the page says beside its figures. Pure. */

/** "12 hosts, 12 roles with 200 files, …". */
export function sizeOf(site: BenchSite): string {
  const roles = site.hosts.flatMap((host) => host.roles);
  const files = roles.flatMap(({ job }) => job.files);
  const pushes = site.hosts.flatMap((host) => host.pushes);
  const things = site.hosts.flatMap((host) => host.things);
  const verbs = [...site.chain, ...site.rounds.flat()];
  return [
    `${site.hosts.length} hosts`,
    `${things.length + 1} networks and volumes`,
    `${roles.length} roles with ${files.length} files`,
    `${pushes.length} larger files`,
    `${verbs.length} verbs of the hosts' own commands`,
  ].join(", ");
}

/** Said beside the figures wherever they are shown: it is a part of Ansible's that ours has not. */
export const pythonNote =
  "The hosts come with python3-minimal, which lacks modules that Ansible's own import (shutil, tempfile, zipfile): its " +
  "rollout installs python3 on every host first, in its time.";

function timesText(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** Sentences on what was run, and on what the two do not have in common. */
export function notesOf({ cold, again }: { cold: number; again: number }): string[] {
  return [
    `Ours: \`evenkeel provision --yes\`, ${timesText(cold)} from nothing and ${timesText(again)} on the site that is ` +
      "there, each of these followed by one with `--full`.",
    "Ansible, after ours was destroyed: `ansible-playbook` with forks 20, pipelining, ControlPersist and strategy free, " +
      `${timesText(cold)} from nothing and ${timesText(again)} on the site that is there. ` +
      "Its project is made from the states that ours left: the same inputs of the lab's hosts, files, scripts and verbs.",
    "Ansible's end is checked each time: /evenkeel/active of the first region answers 200 under the site's authority, " +
      "the other database is a standby that receives and applies. A run with nothing to do must report no changed file, folder or script.",
    "Ansible brings each file by a `copy` of its own, as its users do: that is a run of a module for each file and host, " +
      "at every repeat too, and weighs on both figures.",
    pythonNote,
    "Ours makes the site's keys and certificates in its time, checks the machine and waits until the whole site is " +
      "well; Ansible's takes the finished ones and ends with its last task.",
    "With nothing to do, ours finds program, settings and states as its last run left them (docs/decisions/0006), and " +
      "asks the hosts how they are; with `--full` Pulumi compares every resource with its state besides. Ansible looks at " +
      "every file on its host and asks every verb again: it would see a file that somebody changed there, ours would not.",
  ];
}
