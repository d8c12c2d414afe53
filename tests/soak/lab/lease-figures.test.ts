import { appendFileSync } from "node:fs";
import { expect, jest, test } from "@jest/globals";
import { longestGap } from "../../lab/support/keeper.ts";
import { lastAcknowledgement, trialEach } from "../../lab/support/trial.ts";

/**
 * The same two faults again and again, for how long they last: EVENKEEL_LEASE_ROUNDS times. A line of JSON a round goes to
 * the file EVENKEEL_LEASE_FIGURES.
 */
jest.setTimeout(120_000);

const rounds = Number(process.env.EVENKEEL_LEASE_ROUNDS ?? "1");
const file = process.env.EVENKEEL_LEASE_FIGURES;
const trials = trialEach();

function note(figures: Record<string, number>): void {
  console.log(JSON.stringify(figures));
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(figures)}\n`);
}

const numbers = Array.from({ length: rounds }, (_, i) => i + 1);

test.each(numbers)("round %i: the active region cut off, its commits waiting for nobody", async () => {
  await trials().waitForNobody();
  const cutting = await trials().cutting(5000);
  const { count, lastMs, backMs } = lastAcknowledgement(cutting);
  note({ cutToLastMs: lastMs, healedToFirstMs: backMs });
  expect(count).toBeGreaterThan(0);
  expect(await trials().missing(cutting.acknowledged)).toEqual([]);
});

test.each(numbers)("round %i: the standby lost, commits waiting for it in bounds", async () => {
  const { acknowledged, cutMs } = await trials().withoutStandby(7000);
  const { endedMs } = longestGap(acknowledged, cutMs - 1000);
  note({ standbyLostToFlowMs: endedMs - cutMs });
  expect(await trials().missing(acknowledged)).toEqual([]);
});
