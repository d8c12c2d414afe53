import { readFileSync } from "node:fs";
import { join } from "node:path";

const filesDirectory = join(import.meta.dirname, "files");
const placeholder = /@@([A-Z][A-Z0-9_]*)@@/g;

/**
 * The text of a file below host/files, e.g. `hostFile("mariadb/evenkeel-db")`. Throws when there is none.
 */
export function hostFile(relativePath: string): string {
  return readFileSync(join(filesDirectory, relativePath), "utf8");
}

/**
 * Fills the placeholders `@@NAME@@` of a text. There is no logic in templates; a placeholder without a value and
 * a value without a placeholder are both mistakes and throw, so that a renamed setting can't vanish quietly.
 */
export function render(text: string, values: Readonly<Record<string, string | number>>): string {
  const used = new Set<string>();
  const result = text.replace(placeholder, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no value for the placeholder @@${name}@@`);
    used.add(name);
    return String(value);
  });
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`no placeholder for the values ${unused.join(", ")}`);
  return result;
}
