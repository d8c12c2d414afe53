import type { EtcdMember } from "./observation.ts";
import { type Context, mendOr, type Problem } from "./problem.ts";

/**
 * What is wrong with the members of etcd. Of a site that has none yet nothing is: its databases are replicated
 * asynchronously, and what that means is told by protection.ts.
 */
export function etcdProblems(context: Context): Problem[] {
  const { etcd, thirdPlace } = context.observation;
  const members = etcd?.members ?? [];
  // It begins with the third place, whose absence is told by itself.
  if (thirdPlace === null || !members.some(({ state }) => state === "well" || state === "failed")) return [];
  return members.flatMap((member) => memberProblems(member, context));
}

function memberProblems({ host, stack, state, why }: EtcdMember, context: Context): Problem[] {
  const { commands } = context;
  const problem = (what: string, next: string): Problem[] => [{ code: "etcd-member", what, next }];
  switch (state) {
    case "well":
      return [];
    case "absent":
      return problem(`${host} has no member of etcd`, commands.provision);
    case "silent":
      return problem(
        `the member of etcd on ${host} can't be asked: ${why}`,
        mendOr(context, stack, commands.look(host)),
      );
    case "failed":
      return problem(
        `the member of etcd on ${host} fails: ${why}`,
        mendOr(context, stack, commands.restart(host, "etcd")),
      );
  }
}
