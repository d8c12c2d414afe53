import { join } from "node:path";
import { execa } from "execa";

/** How much further apart regions are put where it is measured, in milliseconds of a round trip: a room, a continent, two. */
export const distancesMs = [0, 20, 80];

const program = join(import.meta.dirname, "distance.py");
/** Of what asks Docker or changes a filter, and of the program's beginning and end. */
const patience = { timeout: 20_000 };

/** Of the queue between netfilter and the program; nothing else in a machine has one. */
const queue = "7";

export interface Distance {
  machines: readonly string[];
  /** Addresses whose packets come late. */
  peers: readonly string[];
  milliseconds: number;
}

/**
 * Holds what comes to the machines from their peers for so long, so that the round trip between them is that much longer.
 * A program beside the machines does, at a queue of netfilter: no kernel needs to have netem for it. Only root may; whoever is
 * told nothing (0 ms) changes nothing. Gives what ends it. Throws where the way is not as long as it was to be.
 */
export async function putApart({ machines, peers, milliseconds }: Distance): Promise<() => Promise<void>> {
  if (milliseconds === 0) return async () => {};
  const ends: (() => Promise<void>)[] = [];
  const end = async () => {
    const failures: unknown[] = [];
    for (const one of ends.splice(0).reverse()) await one().catch((cause) => failures.push(cause));
    if (failures.length > 0) throw failures[0];
  };
  try {
    for (const machine of machines) await putAway(machine, { peers, milliseconds }, ends);
    for (const machine of machines) await requireDistance(machine, peers, milliseconds);
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

async function putAway(
  machine: string,
  { peers, milliseconds }: Omit<Distance, "machines">,
  ends: (() => Promise<void>)[],
): Promise<void> {
  const { stdout: pid } = await execa("docker", ["inspect", "-f", "{{.State.Pid}}", machine], patience);
  const within = ["-t", pid, "-n"];
  const relay = execa("nsenter", [...within, "python3", "-I", program, queue, String(milliseconds)], {
    stdin: "pipe",
    stderr: "inherit",
    buffer: false,
    reject: false,
  });
  let ended = false;
  void relay.then(() => {
    ended = true;
  });
  const killLater = () => setTimeout(() => relay.kill("SIGKILL"), patience.timeout).unref();
  ends.push(async () => {
    const hadEnded = ended;
    relay.stdin.end();
    const killing = killLater();
    await relay;
    clearTimeout(killing);
    if (hadEnded) throw new Error(`the relay of ${machine} ended by itself: its way was no longer any more`);
  });
  const starting = killLater();
  await new Promise<void>((resolve, reject) => {
    relay.stdout.once("data", () => resolve());
    void relay.then(() => reject(new Error(`the relay of ${machine} ended: only root may hold its packets`)));
  }).finally(() => clearTimeout(starting));
  const rule = (change: string, peer: string) =>
    // Bypassed where the program is not there any more.
    `iptables -w -t mangle ${change} PREROUTING -s ${peer} -j NFQUEUE --queue-num ${queue} --queue-bypass`;
  for (const peer of peers) {
    await execa("nsenter", [...within, ...rule("-A", peer).split(" ")], patience);
    ends.push(async () => {
      await execa("nsenter", [...within, ...rule("-D", peer).split(" ")], { ...patience, reject: false });
    });
  }
}

/** A connection's set-up takes one round trip, whether it is let in or refused. */
const connect = `
import socket, sys, time
best = 9.9
for _ in range(5):
    began = time.monotonic()
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
    except ConnectionRefusedError:
        pass
    best = min(best, time.monotonic() - began)
print(round(best * 1000, 1))
`;

/** The shortest round trip in milliseconds, of five, to a port that a filter lets through. */
export async function roundTripMs(machine: string, address: string, port: number): Promise<number> {
  const { stdout } = await execa(
    "docker",
    ["exec", "-i", machine, "python3", "-I", "-", address, String(port)],
    {
      input: connect,
      timeout: 30_000,
    },
  );
  return Number(stdout);
}

const sshPort = 22;

async function requireDistance(
  machine: string,
  peers: readonly string[],
  milliseconds: number,
): Promise<void> {
  for (const peer of peers) {
    const found = await roundTripMs(machine, peer, sshPort);
    if (found < milliseconds)
      throw new Error(`${machine} is ${found} ms from ${peer}, not ${milliseconds} ms`);
  }
}
