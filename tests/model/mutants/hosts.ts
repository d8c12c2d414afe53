import type { Mutant } from "../mutants.ts";

/** What the hosts do for their keepers, and operators before they answer for something. */
export const hosts: readonly Mutant[] = [
  { rule: "W4: the port closes by itself", hosts: ["port closes by itself"] },
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
    rule: "W11: who acknowledges is said by name",
    hosts: ["who acknowledges is said by name"],
  },
  { rule: "W1: a boot is read-only", hosts: ["a boot is read-only"] },
  { rule: "W1: a boot is read-only, and waits", hosts: ["a boot is read-only", "a boot waits"] },
  {
    rule: "W4: a lease is seized only of a machine that is off for certain",
    hosts: ["a lease is seized of a machine that is off"],
  },
];
