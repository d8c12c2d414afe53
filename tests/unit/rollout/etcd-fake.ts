import { UserError } from "../../../automation/errors.ts";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import type { EtcdKeys } from "../../../automation/remote/etcd.ts";
import type { RemoteCommand, SshSession } from "../../../automation/remote/ssh.ts";

/** How a member does: "late" answers what it is asked after the others; "deaf" does what it is told, and its answer is lost. */
export type MemberState = "well" | "late" | "deaf" | "failed" | "silent" | "older";

/** A site's etcd behind the three members of `outputs`, with what each was told to do. */
export interface EtcdFake {
  ssh: SshSession;
  outputs: SiteOutputs;
  keys: EtcdKeys;
  members: Record<string, MemberState>;
  /** "primary/gateway lock --instead-of r1", without those that only look. */
  told: string[];
  closed: number;
}

const gateway = (id: string) => ({ hosts: [{ id, role: "gateway" }] });
const verbs = ["lock", "unlock", "record", "pause", "ack", "put-durability"];

export function etcdFake(): EtcdFake {
  const fake: EtcdFake = {
    ssh: { run, close } as unknown as SshSession,
    outputs: {
      regions: { primary: gateway("primary/gateway"), secondary: gateway("secondary/gateway") },
      global: { hosts: [{ id: "third/edge", role: "edge" }] },
    } as unknown as SiteOutputs,
    keys: {
      ...{ apiVersion: "evenkeel/v1", site: "shop", revision: 90, writer: { region: "primary", epoch: 3 } },
      ...{ lease: null, epoch: 3, sync: { regions: ["primary", "secondary"], joined: true } },
      ...{ durability: null, pause: null, lock: null, history: [], ack: null },
    },
    members: { "primary/gateway": "well", "secondary/gateway": "well", "third/edge": "well" },
    told: [],
    closed: 0,
  };
  async function run(alias: string, { argv, stdin }: RemoteCommand) {
    return answer(fake, alias, argv, stdin);
  }
  async function close() {
    fake.closed += 1;
  }
  return fake;
}

async function answer(fake: EtcdFake, alias: string, argv: readonly string[], stdin: string | undefined) {
  const words = argv.slice(3, -2);
  const [verb = ""] = words;
  const state = fake.members[alias] ?? "silent";
  if (state === "silent") throw new UserError({ what: `${alias} can't be reached` });
  if (state === "failed")
    return { exitCode: 1, stdout: "", stderr: "etcd runs on this host without a majority\n" };
  if (state === "late") await new Promise((wake) => setTimeout(wake, 30));
  if (verbs.includes(verb)) fake.told.push(`${alias} ${words.join(" ")}`);
  if (state === "older" && verb !== "get")
    return { exitCode: 2, stdout: "", stderr: `unknown verb '${verb}'\n` };
  const [exitCode, document] = carriedOut(fake.keys, words, stdin === undefined ? null : JSON.parse(stdin));
  if (state === "deaf" && verb !== "get") throw new UserError({ what: `no answer of ${alias}` });
  return { exitCode, stdout: JSON.stringify(document), stderr: "" };
}

/** As evenkeel-etcd does it (tests/files/etcd-keys). */
function carriedOut(
  keys: EtcdKeys,
  [verb, flag, value]: readonly string[],
  document: unknown,
): [number, object] {
  const told = (locked: boolean) => ({ apiVersion: "evenkeel/v1", site: "shop", locked, holder: keys.lock });
  const { run } = (document ?? {}) as { run?: string };
  switch (verb) {
    case "lock": {
      const isFree = keys.lock === null || [run, flag && value].includes(keys.lock.run);
      if (isFree) keys.lock = document as EtcdKeys["lock"];
      return [isFree ? 0 : 13, told(isFree)];
    }
    case "unlock":
      if (keys.lock?.run === value) keys.lock = null;
      return [0, told(keys.lock !== null)];
    case "pause":
      keys.pause =
        value === "none" ? null : ({ ...(document as object), until: Number(value), over: false } as never);
      return [0, keys];
    case "ack":
      keys.ack = document as EtcdKeys["ack"];
      return [0, keys];
    default:
      return [0, keys];
  }
}
