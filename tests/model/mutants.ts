import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { HostRule, Keeper } from "./world/options.ts";

/** A rule that is taken out: of the keeper's own text, or of what the hosts do. */
export interface Mutant {
  rule: string;
  /** Each `find` stands exactly once in the keeper's files. */
  text?: readonly { find: string; put: string }[];
  hosts?: readonly HostRule[];
}

export const mutants: readonly Mutant[] = [
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
  { rule: "W4: the port closes by itself", hosts: ["port closes by itself"] },
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
  { rule: "W5: a killed keeper's verbs die with it", hosts: ["a killed keeper's verbs die with it"] },
  {
    rule: "W5 and W12: a marker is seen to wait",
    hosts: ["a marker is seen to wait"],
  },
  {
    rule: "W6: no more is received before the apply",
    hosts: ["stopping to receive before the apply"],
  },
  {
    rule: "W6: all that was received is applied",
    hosts: ["everything received is applied before the role"],
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
        find: "receivesFrom !== writer.region)) {\n    leave(turn, store);",
        put: 'receivesFrom !== writer.region)) {\n    turn.begin({ name: "receive", step: "start" }, { name: "receive" });',
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
    rule: "W8: a claimant that was restarted gives the lease back",
    text: [
      {
        find: 'const able = facts.role !== "standby" || facts.receivesFrom !== null;',
        put: "const able = true;",
      },
    ],
  },
  {
    rule: "W11: who acknowledges is said by name",
    hosts: ["who acknowledges is said by name"],
  },
  { rule: "W1: a boot is read-only", hosts: ["a boot is read-only"] },
  { rule: "W1: a boot is read-only, and waits", hosts: ["a boot is read-only", "a boot waits"] },
  {
    rule: "a later epoch of another region fences",
    text: [{ find: "isOver(turn, store, facts) || ", put: "" }],
  },
];

const files = ["decide.ts", "opening.ts", "state.ts", "store.ts", "sync-set.ts", "turn.ts"] as const;

/** The keeper without the rule. Throws where the text that makes it is not there exactly once. */
export async function keeperWithout(mutant: Mutant, source: string): Promise<Keeper> {
  const texts = new Map(files.map((file) => [file as string, readFileSync(join(source, file), "utf8")]));
  for (const edit of mutant.text ?? []) change(texts, edit);
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-mutant-"));
  try {
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    for (const [file, text] of texts) writeFileSync(join(folder, file), text);
    const load = async (file: string) => await import(pathToFileURL(join(folder, file)).href);
    return {
      decide: (await load("decide.ts")).decide,
      transactionOf: (await load("store.ts")).transactionOf,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function change(texts: Map<string, string>, { find, put }: { find: string; put: string }): void {
  const [only, ...more] = [...texts].filter(([, text]) => text.includes(find));
  if (only === undefined || more.length > 0 || only[1].split(find).length !== 2)
    throw new Error(`not there exactly once: ${find}`);
  texts.set(
    only[0],
    only[1].replace(find, () => put),
  );
}
