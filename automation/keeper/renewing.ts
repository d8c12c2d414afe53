import type { Work } from "./state.ts";
import { sameWriter, type Writer } from "./store.ts";
import type { Turn } from "./turn.ts";

/** While a promotion is wanted. Milliseconds. */
const wantedPollMs = 50;

/** Renews what is this region's, else looks. */
export function poll(turn: Turn): void {
  const { polledMs } = turn.state;
  const { renewMs } = turn.config;
  const everyMs = isAwaited(turn) ? Math.min(wantedPollMs, renewMs) : renewMs;
  if (polledMs !== null && turn.nowMs - polledMs < everyMs) return;
  const writer = isWorthRenewing(turn) ? turn.mine() : null;
  const id = turn.newId();
  turn.set({ polls: [...turn.state.polls, { id, sentMs: turn.nowMs, writer }], polledMs: turn.nowMs });
  turn.effects.push({ do: "ask", id, change: writer === null ? null : { kind: "renew", writer } });
}

/** Visitors wait for the lease that an operator's promotion waits for. */
function isAwaited(turn: Turn): boolean {
  const { wanted } = turn.state;
  return wanted !== null && turn.nowMs < wanted.untilMs && turn.mine() === null;
}

/** A database that is gone for longer than a restart takes must not keep the lease from others. */
function isWorthRenewing(turn: Turn): boolean {
  const { answeredMs } = turn.state;
  return answeredMs !== null && turn.nowMs - answeredMs < turn.config.restartMs;
}

/** Whose lease a step proves when etcd has done it: the one that it names, or compares. */
export function writerOf(step: Work): Writer | null {
  const isClaim = step.name === "claim" && (step.step === "claim" || step.step === "put");
  const isReopening = step.name === "reopen" && step.step === "put";
  return isClaim || isReopening ? step.writer : null;
}

/** The deadline counts from the sending, never from the reply (W3). */
export function renewed(turn: Turn, writer: Writer, sentMs: number): void {
  if (turn.state.renewed !== null && turn.state.renewed.sentMs > sentMs) return;
  turn.set({ renewed: { writer, sentMs } });
  if (isOpenAs(turn, writer)) turn.effects.push({ do: "port", untilMs: sentMs + turn.config.softMs });
}

function isOpenAs(turn: Turn, writer: Writer): boolean {
  const { facts } = turn.state;
  return facts !== null && facts.role === "active" && facts.epoch === writer.epoch;
}
