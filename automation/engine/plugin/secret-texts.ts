import { shortestSecret } from "../../../components/secrets.ts";
import { isHarmless } from "../../redact.ts";
import { isSecret, type Wire } from "./values.ts";

/**
 * Every secret text in a value, and what a message may quote of it: each line, each text of a JSON document, and each
 * value that a line gives a name to, as a role's files on standard input do with its passwords. Save what is short or
 * harmless.
 */
export function secretTexts(value: Wire): string[] {
  const texts = new Set<string>();
  const add = (text: string) => {
    if (text.length < shortestSecret || texts.has(text)) return;
    texts.add(text);
    for (const part of partsOf(text)) if (!isHarmless(part)) add(part);
  };
  for (const text of secretStrings(value, false)) add(text);
  return [...texts];
}

function secretStrings(value: Wire, secret: boolean): string[] {
  if (isSecret(value)) return secretStrings(value.value ?? null, true);
  if (typeof value === "string") return secret ? [value] : [];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap((each) => secretStrings(each, secret));
}

/** The lines of a text with the values in them, and the texts of the document that it is. */
function partsOf(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return [...lines.flatMap((line) => [line, ...valuesIn(line)]), ...textsOf(parsed(text))];
}

/** The name may stand in quotes, behind a list's dash or a shell's `export`. */
const named = /^(?:-\s+|export\s+)?["']?([\w.-]+)["']?\s*[:=]\s*(.+?)[,;]?$/;
const secretName = /pass|pwd|secret|key|token|salt|auth|credential|(?:^|[\W_])pw(?:$|[\W_])/i;
/** "www-data", "mariadb.service": errors name such, and of configuration files they are most values. */
const ordinaryWord = /^[a-z]+(?:[-._][a-z]+)*$/;

/**
 * The value of KEY="JSON string", KEY=value or key: value, save an ordinary word whose name promises no secret; of a
 * user in Redis' access list, the passwords.
 */
function valuesIn(line: string): string[] {
  const passwords = /^user\s/.test(line) ? line.matchAll(/\s>(\S+)/g) : [];
  const [, name = "", written = ""] = named.exec(line) ?? [];
  const value = unquoted(written);
  return [
    ...(isOrdinary(name, value) ? [] : [value]),
    ...Array.from(passwords, ([, password = ""]) => password),
  ];
}

function isOrdinary(name: string, value: string): boolean {
  return ordinaryWord.test(value) && !secretName.test(name);
}

function unquoted(value: string): string {
  const read = value.startsWith('"') ? parsed(value) : null;
  return typeof read === "string" ? read : value.replace(/^(["'])(.*)\1$/, "$2");
}

/**
 * The texts of a document, each under the names of all that it lies in. A document that is a text or a list alone
 * promises a secret: there is nothing else to it.
 */
function textsOf(document: unknown, name = "secret"): string[] {
  if (typeof document === "string") return isOrdinary(name, document) ? [] : [document];
  if (document === null || typeof document !== "object") return [];
  if (Array.isArray(document)) return document.flatMap((value) => textsOf(value, name));
  const own = name === "secret" ? "" : name;
  return Object.entries(document).flatMap(([key, value]) => textsOf(value, `${own} ${key}`));
}

function parsed(text: string): unknown {
  if (!/^\s*[[{"]/.test(text)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
