import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { HostRule, Keeper } from "./world.ts";

/** A rule that is taken out: of the keeper's own text, or of what the hosts do. */
export interface Mutant {
  rule: string;
  /** Each `find` stands in its file exactly once. */
  text?: readonly { file: "decide.ts" | "store.ts"; find: string; put: string }[];
  hosts?: readonly HostRule[];
}

export const mutants: readonly Mutant[] = [
  {
    rule: "W3: the deadline counts from the sending",
    text: [
      {
        file: "decide.ts",
        find: "this.renewed(poll.writer, poll.sentMs)",
        put: "this.renewed(poll.writer, this.nowMs)",
      },
    ],
  },
  {
    rule: "W3: a refused renewal is none",
    text: [
      {
        file: "decide.ts",
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
        file: "decide.ts",
        find: "this.nowMs - unchanged.sinceMs >= this.config.leaseMs",
        put: "this.nowMs - unchanged.sinceMs >= 300",
      },
    ],
  },
  {
    rule: "W7: a claim compares the writer's revision",
    text: [
      {
        file: "store.ts",
        find: '{ key: "writer", value: null, revision: change.writerRevision ?? 0 },',
        put: "",
      },
    ],
  },
  {
    rule: "W7: only who is in sync claims",
    text: [
      {
        file: "decide.ts",
        find: "if (sync === null || !sync.value.regions.includes(region)) return;",
        put: "if (sync === null) return;",
      },
    ],
  },
  {
    rule: "W7: sync becomes the claimant's only when the apply is proved",
    text: [
      {
        file: "store.ts",
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
        file: "store.ts",
        find: '          { key: "sync", value: null, revision: change.syncRevision },\n          { key: "epoch"',
        put: '          { key: "epoch"',
      },
      {
        file: "decide.ts",
        find: "if (able && store.sync?.value.regions.includes(this.config.region)) {",
        put: "if (able) {",
      },
      {
        file: "decide.ts",
        find: "else if (known?.sync?.value.regions.includes(region))",
        put: "else if (known)",
      },
    ],
  },
  {
    rule: "W7: what changes sync compares its revision",
    text: [
      {
        file: "store.ts",
        find: 'compares: [held(change.writer), { key: "sync", value: null, revision: change.syncRevision }],',
        put: "compares: [held(change.writer)],",
      },
    ],
  },
  {
    rule: "W7: a read decides nothing: a new keeper writes the set before it believes it",
    text: [
      {
        file: "decide.ts",
        find: '    this.putSync({ name: "settle", step: "put" }, store, set);',
        put: `    const facts = this.state.facts as DatabaseFacts;
    if (store.sync?.value.regions.join() === set.regions.join()) {
      const regions = waitsOf(this.config, this.durability(store), set);
      this.begin({ name: "settle", step: "wait", regions }, { name: "sync", epoch: facts.epoch, regions });
    } else this.putSync({ name: "settle", step: "put" }, store, set);`,
      },
    ],
  },
  {
    rule: "W5: out of sync before commits stop waiting",
    text: [
      {
        file: "decide.ts",
        find: '    this.putSync({ name: "settle", step: "put" }, store, set);',
        put: `    const facts = this.state.facts as DatabaseFacts;
    const regions = waitsOf(this.config, this.durability(store), set);
    if (regions.length > 0) this.putSync({ name: "settle", step: "put" }, store, set);
    else this.begin({ name: "settle", step: "wait", regions }, { name: "sync", epoch: facts.epoch, regions });`,
      },
    ],
  },
  {
    rule: "W5: the revision is read before the marker",
    text: [
      {
        file: "decide.ts",
        find: "const { value, revision } = work.read;",
        put: "const { value, revision } = this.state.store?.sync ?? work.read;",
      },
    ],
  },
  {
    rule: "W5: added only with a marker that it has received",
    text: [
      {
        file: "decide.ts",
        find: "    if (!done || facts === null) return;\n    switch (work.step) {",
        put: '    if ((!done && work.step !== "mark") || facts === null) return;\n    switch (work.step) {',
      },
    ],
  },
  {
    rule: "W5: commits wait for a region before it is added",
    text: [
      {
        file: "decide.ts",
        find: "regions: [...inSync, next].sort() };",
        put: "regions: inSync };",
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
        file: "decide.ts",
        find: '{ name: "open", epoch: writer.epoch, regions });',
        put: '{ name: "open", epoch: writer.epoch, regions: [] });',
      },
    ],
  },
  {
    rule: "W8: a standby leaves before it receives",
    text: [
      {
        file: "decide.ts",
        find: "      this.leave(store);",
        put: '      this.begin({ name: "receive", step: "start" }, { name: "receive" });',
      },
    ],
  },
  {
    rule: "W8: also where it reads as out",
    text: [
      {
        file: "decide.ts",
        find: "    const set = withoutRegion(sync.value, this.config.region);",
        put: `    if (!sync.value.regions.includes(this.config.region)) {
      this.begin({ name: "receive", step: "start" }, { name: "receive" });
      return;
    }
    const set = withoutRegion(sync.value, this.config.region);`,
      },
    ],
  },
  {
    rule: "W8: a claimant that was restarted gives the lease back",
    text: [
      {
        file: "decide.ts",
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
    text: [{ file: "decide.ts", find: "if (this.isOver(store, facts)) {", put: "if (false) {" }],
  },
];

/** The keeper without the rule. Throws where the text that makes it is not there exactly once. */
export async function keeperWithout(mutant: Mutant, source: string): Promise<Keeper> {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-mutant-"));
  try {
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    for (const file of ["decide.ts", "state.ts", "store.ts"] as const) {
      const text = readFileSync(join(source, file), "utf8");
      writeFileSync(join(folder, file), changed(text, mutant, file));
    }
    const load = async (file: string) => await import(pathToFileURL(join(folder, file)).href);
    return {
      decide: (await load("decide.ts")).decide,
      transactionOf: (await load("store.ts")).transactionOf,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function changed(text: string, mutant: Mutant, file: string): string {
  const edits = (mutant.text ?? []).filter((one) => one.file === file);
  return edits.reduce((sofar, { find, put }) => {
    if (sofar.split(find).length !== 2) throw new Error(`not there exactly once: ${find}`);
    return sofar.replace(find, () => put);
  }, text);
}
