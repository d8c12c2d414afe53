import type * as pulumi from "@pulumi/pulumi";
import { type HostTarget, hostCommand } from "../host/remote.ts";

export interface JoinEtcdArgs {
  /** The site's members by name, each with the host that it runs on. */
  members: readonly { name: string; target: HostTarget }[];
  /** The member that begins the cluster. */
  first: string;
  /** What all of it waits for: the members' roles, and the link between them. */
  after: pulumi.Resource[];
}

const seconds = 90;

/**
 * One member begins the site's etcd, once: protected as the site's birth is, it only reports from then on, so that no
 * cluster is quietly begun beside one that can't be asked. All join one by one, since each changes what a majority is; a
 * machine made anew joins in the place of the one that is gone, the first one's too. The only member of a site has
 * nobody to join, and begins anew.
 */
export function joinEtcd(
  name: string,
  { members, first, after }: JoinEtcdArgs,
  parent: pulumi.Resource,
): pulumi.Resource[] {
  const ordered = [...members].sort(
    (one, other) => Number(other.name === first) - Number(one.name === first),
  );
  const [beginner] = ordered;
  if (beginner === undefined) throw new Error("members: a site's etcd has at least one");
  const formed = hostCommand(
    `${name}-form-etcd`,
    { target: beginner.target, timeoutSeconds: seconds, command: verb("form"), later: verb("status") },
    { parent, dependsOn: after, protect: true },
  );
  return ordered.reduce<pulumi.Resource[]>(
    (before, member) => [
      ...before,
      hostCommand(
        `${name}-etcd-${member.name}`,
        {
          target: member.target,
          timeoutSeconds: seconds,
          command: verb(members.length === 1 ? "form" : "join"),
        },
        { parent, dependsOn: [...after, ...before] },
      ),
    ],
    [formed],
  );
}

function verb(word: string): string {
  return `sudo -n timeout -k 10 @@SECONDS@@ evenkeel-etcd ${word} --deadline ${seconds - 10}`;
}
