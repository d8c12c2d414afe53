import { existsSync } from "node:fs";
import { join } from "node:path";
import { exitCodes, UserError } from "../errors.ts";
import { type Clone, isOwn, thisClone } from "../site/clone.ts";
import { type LabObject, objectsOf } from "./docker.ts";

/**
 * Refuses (exit 12) where another clone on this machine has hosts or networks of a site of this name: container names
 * and networks are the machine's, so a site can belong to one clone only.
 */
export async function refuseOtherClones(site: string, clone: Clone = thisClone()): Promise<void> {
  const error = otherClones(site, await objectsOf(site), clone);
  if (error !== null) throw error;
}

/** The refusal, or null where every object is the clone's own. */
export function otherClones(site: string, objects: readonly LabObject[], clone: Clone): UserError | null {
  const foreign = objects.filter((object) => !isOwn(object.clone, clone));
  if (foreign.length === 0) return null;
  const [first] = foreign;
  const folders = [...new Set(foreign.map(({ folder }) => folder || "an unknown folder"))];
  return new UserError({
    what: `the site ${site} on this machine belongs to another clone, in ${folders.join(" and ")}; nothing was changed`,
    why: `${foreign.map(({ name }) => name).join(", ")} carry that clone's id`,
    next: remedy(first?.folder ?? "", first?.clone ?? "", clone),
    exitCode: exitCodes.refused,
    code: "other-clone",
  });
}

/** A clone that is gone, or whose own folder was emptied, can't be worked in: its id is what gives its things back. */
function remedy(folder: string, id: string, clone: Clone): string {
  if (folder !== clone.folder && existsSync(join(folder, ".evenkeel", "clone-id"))) {
    return `cd ${folder} and work there, or give this clone's site another name`;
  }
  const file = join(clone.folder, ".evenkeel", "clone-id");
  return `that clone is gone; to make its things this clone's own: echo ${id} > ${file}, then run the command again`;
}
