import type { Mutant } from "../mutants.ts";

/** Who has the lease, who claims it, and who opens on its word. */
export const leases: readonly Mutant[] = [
  {
    rule: "W3: the deadline counts from the sending",
    text: [
      {
        find: "renewed(turn, poll.writer, poll.sentMs)",
        put: "renewed(turn, poll.writer, turn.nowMs)",
      },
    ],
  },
  {
    rule: "W3: a refused renewal is none",
    text: [
      {
        find: 'if (event.outcome === "done" && poll.writer !== null)',
        put: "if (poll.writer !== null)",
      },
    ],
  },
  {
    rule: "W7: what is claimed was unchanged for the lease's time",
    text: [
      {
        find: "this.nowMs - unchanged.sinceMs >= this.config.leaseMs",
        put: "this.nowMs - unchanged.sinceMs >= 300",
      },
    ],
  },
  {
    rule: "W7: a claim compares the writer's revision",
    text: [
      {
        find: '{ key: "writer", value: null, revision: change.writerRevision ?? 0 },',
        put: "",
      },
    ],
  },
  {
    rule: "W7: only who is in sync claims",
    text: [
      {
        find: "if (sync === null || !sync.value.regions.includes(region)) return;",
        put: "if (sync === null) return;",
      },
    ],
  },
  {
    rule: "W7: sync becomes the claimant's only when the apply is proved",
    text: [
      {
        find: '          { key: "epoch", value: epoch },\n        ],',
        put: '          { key: "epoch", value: epoch },\n          { key: "sync", value: { regions: [change.region], joined: false } },\n        ],',
      },
    ],
  },
  {
    // Each of the three would do alone.
    rule: "W7: a region that is not in sync claims nothing, finishes nothing and opens nothing",
    text: [
      {
        find: '          { key: "sync", value: null, revision: change.syncRevision },\n          { key: "epoch"',
        put: '          { key: "epoch"',
      },
      {
        find: "if (able && store.sync?.value.regions.includes(turn.config.region)) {",
        put: "if (able) {",
      },
      {
        find: "else if (known?.sync?.value.regions.includes(region))",
        put: "else if (known)",
      },
    ],
  },
  {
    rule: "W8: a claimant that was restarted gives the lease back",
    text: [
      {
        find: 'const able = !wasOpened && (facts.role !== "standby" || facts.receivesFrom !== null);',
        put: "const able = true;",
      },
    ],
  },
  {
    rule: "a later epoch of another region fences",
    text: [{ find: "isOver(turn, store, facts) || ", put: "" }],
  },
  {
    rule: "W5 and W7: an opening that was refused is tried again, with the claimant alone",
    text: [
      {
        find: "if (sameWriter(turn.state.unopened, writer)) putAlone(turn, store, writer);\n    else ",
        put: "",
      },
    ],
    durability: "strict",
  },
  {
    rule: "W5: in async nobody is promoted by itself",
    text: [{ find: ' && turn.durability(store) !== "async"', put: "" }],
  },
  {
    rule: "a pause: nobody is promoted by itself",
    text: [{ find: "turn.config.armed && !store.paused", put: "turn.config.armed" }],
  },
  {
    rule: "W1: what a host has no use for is judged by what its database said later",
    text: [{ find: "  if (turn.state.askedMs < turn.state.changedMs) return;\n", put: "" }],
  },
  {
    rule: "an etcd that was made anew is believed, although it counts from one",
    text: [{ find: "if (sentMs === null || sentMs <= turn.state.heardMs) return;", put: "return;" }],
  },
  {
    rule: "W7: a host that slept since opens nothing on the answer that it finds",
    text: [
      {
        find: "store.sync === null || !turn.isHeld(writer.epoch, turn.config.softMs)",
        put: "store.sync === null",
      },
    ],
    behind:
      "whoever was granted the lease meanwhile was in the answer's set and receives nothing more, so every commit waits for it (W6), and only a renewal opens the port (W4)",
  },
  {
    rule: "an epoch is granted once",
    text: [
      {
        find: '          { key: "epoch", value: change.epoch, revision: null },\n        ],\n        puts: [\n          { key: "writer", value: { region',
        put: '        ],\n        puts: [\n          { key: "writer", value: { region',
      },
    ],
  },
  {
    rule: "W4: what an operator fenced claims nothing by itself",
    text: [
      {
        find: "else if (facts.mayReturn) advanceFenced(turn, store);",
        put: 'else if (facts.role === "fenced") advanceFenced(turn, store);',
      },
    ],
  },
  {
    rule: "W4: what an operator fenced gives its lease back",
    text: [
      {
        find: "if (writer !== null) giveBack(turn, writer);\n  else if (turn.state.facts?.role",
        put: "if (turn.state.facts?.role",
      },
    ],
  },
  {
    rule: "a region that was fenced for a claimant may claim while that one has opened nothing",
    text: [{ find: "else if (facts.mayReturn) advanceFenced(turn, store);", put: "" }],
  },
  {
    rule: "W3: a database that is gone gets no renewals",
    text: [
      {
        find: "const writer = isWorthRenewing(turn) ? turn.mine() : null;",
        put: "const writer = turn.mine();",
      },
    ],
  },
  {
    rule: "an answer that was overtaken is none",
    text: [{ find: "if (sentMs === null || sentMs <= turn.state.heardMs) return;", put: "" }],
    behind:
      "every change compares what was read with it, what was waited out is waited out anew, and the next look is right again",
  },
];
