/**
 * Replaces every secret value in a text. Also finds a value as JSON writes it, since messages often quote JSON.
 * Values under 8 characters are left alone: replacing them would eat ordinary words.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let result = text;
  for (const secret of secrets) {
    if (secret.length < 8) continue;
    const escaped = JSON.stringify(secret).slice(1, -1);
    for (const form of new Set([escaped, secret, secret.trim()]))
      result = result.replaceAll(form, "[redacted]");
  }
  return result;
}

/**
 * The same for texts that leave the machine: also finds a value as base64 (also the URL's alphabet, with or without
 * padding) or URL-encoded, and every line of one that has several.
 */
export function redactEncoded(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => {
    const bytes = Buffer.from(secret);
    const encoded = [bytes.toString("base64"), bytes.toString("base64url"), encodeURIComponent(secret)];
    const lines = secret.includes("\n") ? secret.split("\n").map((line) => line.trim()) : [];
    // A key's armour says nothing, and stands in certificates too.
    return [
      secret,
      ...encoded.map((form) => form.replace(/=+$/, "")),
      ...lines.filter((line) => !/^-----/.test(line)),
    ];
  });
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return redact(text, longestFirst);
}

/** All string values of a secrets document below the given keys' names, longest first (a key may hold a shorter one). */
export function secretValues(document: unknown): string[] {
  const values = new Set<string>();
  collect(document, "", values);
  return [...values].sort((a, b) => b.length - a.length);
}

/** Fields of the secrets document that are public by nature. */
const publicFields = new Set(["apiVersion", "publicKey", "certificate", "adminUser"]);

function collect(value: unknown, field: string, into: Set<string>): void {
  if (typeof value === "string") {
    if (!publicFields.has(field)) into.add(value);
  } else if (value !== null && typeof value === "object") {
    for (const [key, child] of Object.entries(value)) collect(child, key, into);
  }
}
