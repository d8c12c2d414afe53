import { clientDefaults } from "../../automation/drill/client-settings.ts";
import { divergenceSeconds } from "./patroni-settings.ts";

/** What the page says of how it was measured, and of what differs between the arms. Pure. */

const { connections, rate, answerMs, connectMs } = clientDefaults;

export const notes: readonly string[] = [
  `The client is a drill's: ${connections} connections, each asks for ${rate} writes a second at most, gives a connection ` +
    `${connectMs} ms and an answer ${answerMs} ms, and asks for the same row again until it is acknowledged. So no stall ` +
    `below ${1000 / (connections * rate)} ms can be told from none.`,
  "Of Evenkeel a write is an order: HTTPS through the public name, a region's HAProxy, nginx and PHP, to its database. " +
    "Of Patroni it is one INSERT through HAProxy, which leaves out the web tier and DNS: what Patroni is for.",
  "Patroni: two databases and etcd on three hosts; client and HAProxy on the third, which never dies. synchronous_mode on, " +
    "so that an acknowledged write outlives the leader, as in our bounded. HAProxy is configured as Patroni's documentation has it, " +
    "but for its checks (as told above) and for more connections that are let go sooner once their client gave up.",
  "A round of Patroni: the leader is killed and `patronictl failover` given at once on the other host; the dead host is " +
    "started, and the writer moved back by `patronictl switchover`; then the same without a command. The command's own start " +
    "counts. Of Evenkeel the drill gives its commands in its own process, whose start does not count.",
  "With the leader's host dead, patronictl asks it first and writes to etcd when no answer has come; no standby takes the " +
    "leader's key before it has run out (ttl), whoever asks for it. So the command can be no quicker than Patroni by itself.",
  `For ${divergenceSeconds} s before a kill Patroni's leader reaches its standby no more, while clients go on writing: so ` +
    "it holds rows that were acknowledged to nobody and that the new leader lacks, and has to be rewound.",
  "Evenkeel: `evenkeel drill --kind switchover` and `--kind region`, there and back, with all rows compared. Moves by " +
    "itself are not part of it: a region is failed over by command. A refused write was answered 503 and surely not written.",
  "A longer round trip is made by holding packets between the places (not those between the drill's client and a region; " +
    "Patroni's client is on the third host, as far from the leader as that is).",
];
