import { rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { namesIn } from "../site/durable.ts";
import { savedStacks } from "./saved.ts";

/**
 * Removes what `pulumi stack rm` leaves of a project's stacks in a file backend: copies of the state, backups, history,
 * the folder of its locks. Of a stack whose state is still there nothing is touched, whoever's it is: the backend may
 * be shared. The project's folders go once they are empty.
 * Layout: https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/store.go
 */
export function removeRemains(backend: string, project: string, stacks: readonly string[]): void {
  const alive = new Set(savedStacks(backend, project));
  const gone = stacks.filter((name) => !alive.has(name));
  const root = join(backend, ".pulumi");
  const copies = join(root, "stacks", project);
  for (const file of namesIn(copies)) {
    if (gone.some((name) => isOf(name, file))) rmSync(join(copies, file), { force: true });
  }
  const folders = [["history"], ["backups"], ["locks", "organization"]].map((kind) =>
    join(root, ...kind, project),
  );
  for (const folder of folders) {
    for (const name of gone) rmSync(join(folder, name), { recursive: true, force: true });
  }
  for (const folder of [copies, ...folders]) removeIfEmpty(folder);
}

/** `primary.json.bak` is of the stack primary, `primary-2.json` is not; `.attrs` is the file store's own companion. */
function isOf(stack: string, file: string): boolean {
  return (
    file.startsWith(`${stack}.json`) && /^\.json(\.gz)?(\.bak)?(\.attrs)?$/.test(file.slice(stack.length))
  );
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
