import { databaseCommand } from "../remote/database.ts";
import { holdCommand } from "../remote/traffic.ts";
import { databaseHost, edgeHost } from "./next.ts";
import type { Act, Row } from "./plan.ts";

/** The one command of a host by which a row can be done alone; null where keepers and balancers do it by themselves. */
export function byHand({ act }: Pick<Row, "act">, siteFlag = ""): string | null {
  const words = wordsOf(act);
  if (act.do === "wait" || words === null) return null;
  // Without sudo's "-n": a person may be asked.
  const verb = words
    .filter((word) => word !== "-n")
    .map((word) => (word.includes("/") ? basename(word) : word));
  const host = act.do === "hold" ? edgeHost : databaseHost(act.region);
  return `npx evenkeel ssh ${host}${siteFlag} -- ${verb.join(" ")}`;
}

const basename = (path: string) => path.slice(path.lastIndexOf("/") + 1);

function wordsOf(act: Act): readonly string[] | null {
  switch (act.do) {
    case "hold":
      return holdCommand({ to: act.region, seconds: act.seconds }).argv;
    case "demote":
      return databaseCommand.demote().argv;
    case "fence":
      return databaseCommand.fence().argv;
    case "promote":
      return databaseCommand.promote({
        epoch: act.epoch,
        byForce: act.byForce,
        confirmedOff: act.confirmedOff,
      }).argv;
    case "return":
      return databaseCommand.follow().argv;
    case "compare":
    case "wait":
      return null;
  }
}
