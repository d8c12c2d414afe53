import { clientDefaults } from "../../automation/drill/client-settings.ts";
import { type RunningClient, startClient } from "../../automation/drill/running-client.ts";
import { putApart } from "../../tests/lab/support/distance.ts";
import type { Measured } from "./figures.ts";
import {
  installHosts,
  newPasswords,
  putSetting,
  startCluster,
  versions,
  waitUntilSettled,
} from "./patroni-cluster.ts";
import { addressOf, containerOf, makeHosts, removeHosts } from "./patroni-hosts.ts";
import { type PatroniRound, patroniRound } from "./patroni-round.ts";
import { type PatroniSetting, patroniSettings, settingText } from "./patroni-settings.ts";
import type { Clock } from "./waits.ts";

/** The arm that Patroni is: its hosts are made, measured in each setting, and taken away again. */

export interface ArmOptions {
  rounds: number;
  roundTripMs: number;
  clock: Clock;
  say: (line: string) => void;
  /** Of every row: the program's commit and the machine. */
  about: Pick<Measured, "commit" | "machine">;
}

const haproxyPort = 5000;
/** The client ends by itself behind the longest that a round may take, should nobody end it. */
const clientLimitSeconds = 1800;

export async function measurePatroni(options: ArmOptions): Promise<Measured[]> {
  const { clock, say } = options;
  const passwords = newPasswords();
  try {
    say("patroni: making three hosts");
    await makeHosts(say);
    say("patroni: installing Debian's packages");
    await installHosts(clock);
    await startCluster(passwords, clock);
    const measured: Measured[] = [];
    for (const setting of patroniSettings) {
      await putSetting(setting, clock);
      measured.push(await measureSetting(options, setting, passwords.application));
    }
    return measured;
  } finally {
    await removeHosts();
  }
}

async function measureSetting(
  options: ArmOptions,
  setting: PatroniSetting,
  password: string,
): Promise<Measured> {
  const { rounds, roundTripMs, clock, say, about } = options;
  const end = await spreadOut(roundTripMs);
  const done: PatroniRound[] = [];
  try {
    for (let round = 1; round <= rounds; round += 1) {
      await waitUntilSettled(clock, "one");
      const prefix = `${setting.name}${round}`;
      const one = await withClient(password, prefix, (client) => patroniRound({ client, clock, prefix }));
      done.push(one);
      say(`patroni, ${setting.name}, ${round} of ${rounds}: ${roundText(one)}`);
    }
  } finally {
    await end();
  }
  const { engine, tools } = await versions();
  return {
    ...about,
    what: `${tools}, ${settingText(setting)}`,
    engine,
    ...{ roundTripMs, rounds },
    planned: done.flatMap(({ planned }) => planned),
    forcedMs: done.map(({ forcedMs }) => forcedMs),
    automaticMs: done.map(({ automaticMs }) => automaticMs),
    back: done.flatMap(({ back }) => back),
    acknowledged: done.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    lost: done.reduce((sum, { lost }) => sum + lost, 0),
  };
}

/** The queues are on hosts that are never killed: `one` is, and the way to it is as long from both others. */
async function spreadOut(milliseconds: number): Promise<() => Promise<void>> {
  const [one, two, third] = [addressOf("one"), containerOf("two"), containerOf("third")];
  const first = await putApart({ machines: [two], peers: [one, addressOf("third")], milliseconds });
  try {
    const second = await putApart({ machines: [third], peers: [one], milliseconds });
    return async () => {
      await second().finally(first);
    };
  } catch (error) {
    await first();
    throw error;
  }
}

async function withClient<T>(
  password: string,
  prefix: string,
  work: (client: RunningClient) => Promise<T>,
): Promise<T> {
  const client = startClient({
    argv: [
      "docker",
      "exec",
      "-i",
      containerOf("third"),
      "python3",
      "-I",
      "/opt/evenkeel-bench/sql-client.py",
    ],
    settings: {
      ...clientDefaults,
      ...{ domain: "bench", item: "bench", ledgerKey: password, prefix },
      port: haproxyPort,
      addresses: [addressOf("third")],
      ...{ dns: null, pinned: null, ca: "", readers: 0, limitSeconds: clientLimitSeconds },
    },
    ledgerFile: null,
  });
  try {
    return await work(client);
  } finally {
    await client.stop();
  }
}

function roundText({ forcedMs, automaticMs, planned, back, acknowledged, lost, said }: PatroniRound): string {
  const seconds = (ms: number | null) => (ms === null ? "never" : `${(ms / 1000).toFixed(1)} s`);
  return [
    `command to write ${seconds(forcedMs)} (${said})`,
    `kill to write ${seconds(automaticMs)}`,
    `stall ${planned.map(({ stallMs }) => seconds(stallMs)).join(", ")}`,
    `back ${back.map(({ ms, way }) => `${seconds(ms)} by ${way}`).join(", ")}`,
    `${lost} of ${acknowledged} lost`,
  ].join("; ");
}
