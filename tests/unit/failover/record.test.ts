import { describe, expect, jest, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import type { Moved } from "../../../automation/failover/moves.ts";
import { recordMove } from "../../../automation/failover/record.ts";
import { heldSite } from "./held.ts";
import { healthySite } from "./sites.ts";

const step = { name: "promote", region: "secondary", why: "so", startedMs: 1000, endedMs: 3500, note: null };
const moved: Moved = {
  ...{ kind: "switchover", from: "primary", to: "secondary", epoch: 2, loss: null },
  steps: [{ ...step, outcome: "done" }],
};

async function recorded(one: Moved, members = healthySite().etcd?.members ?? []) {
  const sent: unknown[] = [];
  const record = ({ stdin }: { stdin?: string | undefined }) => {
    sent.push(JSON.parse(stdin ?? "null"));
    return {};
  };
  const held = heldSite({ "primary/gateway record": record });
  await recordMove(held.site, one, { ...healthySite(), etcd: { members, keys: null } });
  return sent;
}

describe("the history in etcd", () => {
  test("gets a move with its run, its writer's epoch and how long it took, by a member that is well", async () => {
    expect(await recorded(moved)).toEqual([
      expect.objectContaining({ run: "run-1", kind: "switchover", to: "secondary", epoch: 2, seconds: 2.5 }),
    ]);
  });

  test("gets none that was made by an earlier run, nor single steps that made nobody the writer", async () => {
    expect(await recorded({ ...moved, steps: [{ ...step, outcome: "already" }] })).toEqual([]);
    expect(await recorded({ ...moved, epoch: null })).toEqual([]);
    expect(await recorded({ ...moved, steps: [] })).toEqual([]);
  });

  test("that can't be had undoes no move, and the reason is told", async () => {
    const said = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await recorded(moved, [])).toEqual([]);
    const late = () => {
      throw new UserError({ what: "primary/gateway did not answer" });
    };
    for (const answer of [{ exitCode: 1, stderr: "etcd:\nno majority\n" }, { exitCode: 1 }, late, {}])
      await recordMove(heldSite({ "primary/gateway record": answer }).site, moved, healthySite());
    const lines = said.mock.calls.map(([text]) => text);
    said.mockRestore();
    const reasons = [
      "no member of it has a majority",
      "no majority",
      "exit code 1",
      "primary/gateway did not answer",
    ];
    expect(lines).toEqual(
      reasons.map((why) => `warning: the move could not be put into the history in etcd: ${why}\n`),
    );
  });
});
