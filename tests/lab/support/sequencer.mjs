import Sequencer from "@jest/test-sequencer";

/** The lab tests share one site: the first file provisions it, the last one destroys it, the others go by name. */
const first = "provision.test.ts";
const last = [
  "moves.test.ts",
  "refused-moves.test.ts",
  "failover.test.ts",
  "drill.test.ts",
  "rebuild.test.ts",
  "ledger.test.ts",
  "lost.test.ts",
  "interrupted.test.ts",
  "destroy.test.ts",
];

function rank(path) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name === first ? -1 : last.indexOf(name) + 1;
}

export default class LabSequencer extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a.path) - rank(b.path) || a.path.localeCompare(b.path));
  }
}
