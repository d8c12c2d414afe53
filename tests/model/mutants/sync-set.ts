import type { Mutant } from "../mutants.ts";

/** Who is in `sync`, and whom commits wait for. */
export const sets: readonly Mutant[] = [
  {
    rule: "W7: what changes sync compares its revision",
    text: [
      {
        find: 'compares: [held(change.writer), { key: "sync", value: null, revision: change.syncRevision }],',
        put: "compares: [held(change.writer)],",
      },
    ],
  },
  {
    rule: "W7: a read decides nothing: a new keeper writes the set before it believes it",
    text: [
      {
        find: 'turn.putSync({ name: "settle", step: "put", opens: turn.state.waits === null }, store, set);',
        put: `    const facts = turn.state.facts as DatabaseFacts;
    if (store.sync?.value.regions.join() === set.regions.join()) {
      const regions = waitsOf(turn.config, turn.durability(store), set);
      turn.begin({ name: "settle", step: "wait", regions }, { name: "sync", epoch: facts.epoch, regions });
    } else turn.putSync({ name: "settle", step: "put", opens: turn.state.waits === null }, store, set);`,
      },
    ],
  },
  {
    rule: "W5: out of sync before commits stop waiting",
    text: [
      {
        find: 'turn.putSync({ name: "settle", step: "put", opens: turn.state.waits === null }, store, set);',
        put: `    const facts = turn.state.facts as DatabaseFacts;
    const regions = waitsOf(turn.config, turn.durability(store), set);
    if (regions.length > 0) turn.putSync({ name: "settle", step: "put", opens: turn.state.waits === null }, store, set);
    else turn.begin({ name: "settle", step: "wait", regions }, { name: "sync", epoch: facts.epoch, regions });`,
      },
    ],
  },
  {
    rule: "W5: the revision is read before the marker",
    text: [
      {
        find: "const { value, revision } = work.read;",
        put: "const { value, revision } = turn.state.store?.sync ?? work.read;",
      },
    ],
  },
  {
    rule: "W5: added only with a marker that it has received",
    text: [
      {
        find: "  if (!done || facts === null) return;\n  switch (work.step) {",
        put: '    if ((!done && work.step !== "mark") || facts === null) return;\n    switch (work.step) {',
      },
    ],
  },
  {
    rule: "W5: commits wait for a region before it is added",
    text: [
      {
        find: "regions: [...new Set([...regions, region])].sort(),",
        put: "regions,",
      },
    ],
    hosts: ["a marker is seen to wait"],
  },
  {
    rule: "W7: the database opens with the wait of the answer",
    text: [
      {
        find: '{ name: "open", epoch: writer.epoch, regions });',
        put: '{ name: "open", epoch: writer.epoch, regions: [] });',
      },
    ],
  },
  {
    rule: "W8: a standby leaves before it receives",
    text: [
      {
        find: "turn.config.addAgainMs) leave(turn, store);",
        put: 'turn.config.addAgainMs) turn.begin({ name: "receive", step: "start" }, { name: "receive" });',
      },
    ],
  },
  {
    rule: "W8: also where it reads as out",
    text: [
      {
        find: "const set = withoutRegion(sync.value, turn.config.region);",
        put: `    if (!sync.value.regions.includes(turn.config.region)) {
      turn.begin({ name: "receive", step: "start" }, { name: "receive" });
      return;
    }
    const set = withoutRegion(sync.value, turn.config.region);`,
      },
    ],
  },
  {
    rule: "W7: what changes sync compares that the writer is still this one",
    text: [
      {
        find: 'compares: [held(change.writer), { key: "sync", value: null, revision: change.syncRevision }],',
        put: 'compares: [{ key: "sync", value: null, revision: change.syncRevision }],',
      },
    ],
  },
  {
    rule: "W1 and W7: what opens again writes the set first",
    text: [
      {
        find: 'turn.putSync({ name: "reopen", step: "put", writer }, store, store.sync.value);',
        put: 'carryOnOpening(turn, { name: "reopen", step: "put", writer }, true, store);',
      },
    ],
  },
  {
    rule: "W5: strict goes on waiting once a standby has been there",
    text: [{ find: 'others.length > 0 || durability !== "strict" || !set.joined', put: "true" }],
    durability: "strict",
  },
  {
    rule: "W5: strict is in force also while the writer is alone",
    text: [
      {
        find: "waits === null || !isSame(waits, waitsOf(turn.config, durability, sync.value))",
        put: "waits === null",
      },
    ],
  },
  {
    rule: "W5: a standby that is added has joined",
    text: [{ find: "{ ...withRegion(value, region), joined: true }", put: "withRegion(value, region)" }],
    durability: "strict",
  },
  {
    rule: "W5: in async the writer is alone in the set",
    text: [
      {
        find: "if (inSync.length > 0 || waits === null || waits.length > 0) settle(turn, store, alone);",
        put: "",
      },
    ],
  },
  {
    rule: "W8: a standby that receives from another one than the writer begins anew",
    text: [
      {
        find: "writer !== null && facts.receivesFrom !== writer.region",
        put: "false",
      },
    ],
  },
];
