import { expect } from "@jest/globals";
import type { DockerResult } from "../../../automation/lab/docker.ts";
import type { Certificate } from "../../../components/secrets.ts";
import { type EtcdMembers, type EtcdStatus, type MemberName, memberNames } from "../support/etcd-members.ts";

const encoded = (text: string) => Buffer.from(text).toString("base64");

interface Access {
  from?: MemberName | "web";
  /** null: with no certificate. A keeper's where none is given. */
  as?: Certificate | null;
}

/** As a keeper on a host asks; by default that of the primary's web host, on the host of the member that is asked. */
function questionTo(members: EtcdMembers, to: MemberName, { from = to, as }: Access) {
  const keeper = members.secrets.tls.keepers["primary/web-1"] as Certificate;
  return { from, to: members.address[to], as: as === undefined ? keeper : as };
}

export function put(
  members: EtcdMembers,
  to: MemberName,
  [key, value]: readonly [string, string],
  access: Access = {},
): Promise<DockerResult> {
  const body = { key: encoded(key), value: encoded(value) };
  return members.ask({ ...questionTo(members, to, access), path: "/v3/kv/put", body });
}

/** The value of a key as a majority knows it; null where there is none. Throws where nobody answers. */
export async function get(members: EtcdMembers, to: MemberName, key: string): Promise<string | null> {
  const question = { ...questionTo(members, to, {}), path: "/v3/kv/range", body: { key: encoded(key) } };
  const { exitCode, stdout, stderr } = await members.ask(question);
  if (exitCode !== 0) throw new Error(`${to} does not answer: ${stdout}${stderr}`);
  const { kvs } = JSON.parse(stdout) as { kvs?: { value: string }[] };
  return kvs?.[0] === undefined ? null : Buffer.from(kvs[0].value, "base64").toString();
}

/** Each of these names is one member that counts, and there is no other, by the word of each of them. */
export async function expectVoters(members: EtcdMembers, names: readonly MemberName[]): Promise<void> {
  const voters = names.map((name) => ({
    ...{ name, url: `https://${members.address[name]}:2380`, voter: true },
  }));
  for (const name of names) {
    const status = await members.etcd(name, "status");
    expect(status).toMatchObject({ running: true, majority: true, restartNeeded: false, alarms: [] });
    expect(status.members).toEqual(voters);
    expect(names).toContain(status.leader);
  }
}

/** Ends with 12 and this reason, and what is known of the members stays as it was. */
export async function expectRefused(
  members: EtcdMembers,
  name: MemberName,
  words: string,
  reason: RegExp,
): Promise<void> {
  const known = async () => ((await members.etcd(name, "status")) as EtcdStatus).members;
  const before = await known();
  expect(await members.run(name, `evenkeel-etcd ${words}`)).toMatchObject({
    exitCode: 12,
    stdout: "",
    stderr: expect.stringMatching(reason),
  });
  expect(await known()).toEqual(before);
}

/** The first answer that is a success, or the last one within 20 s. */
export async function soon(ask: () => Promise<DockerResult>): Promise<DockerResult> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (answer.exitCode === 0 || Date.now() > deadline) return answer;
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

export const others = (name: MemberName) => memberNames.filter((one) => one !== name);

/** What a unit's property is on a host, as systemd says it. */
export async function unit(members: EtcdMembers, name: MemberName, property: string): Promise<string> {
  return (await members.run(name, `systemctl show -P ${property} etcd.service`)).stdout.trim();
}
