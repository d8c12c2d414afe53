import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";

/** A file to pack: its name in the archive and where it lies. */
export interface PackedFile {
  name: string;
  file: string;
}

const blockBytes = 512;
const nameBytes = 100;
const prefixBytes = 155;

/** The SHA-256 of a file's bytes, hexadecimal. */
export async function fileHash(file: string): Promise<string> {
  const hash = createHash("sha256");
  await addContent(hash, file);
  return hash.digest("hex");
}

/**
 * Pulumi's hash of an archive of files: the SHA-256 of a tar (POSIX.1-1988, pax records where a name needs them) that
 * holds them in the order of their names' bytes, all of mode 0600 and without owner and time.
 */
export async function archiveHash(files: readonly PackedFile[]): Promise<string> {
  const hash = createHash("sha256");
  const sorted = [...files].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  for (const { name, file } of sorted) {
    const { size } = await stat(file);
    for (const block of headers(name, size)) hash.update(block);
    await addContent(hash, file);
    hash.update(padding(size));
  }
  return hash.update(Buffer.alloc(2 * blockBytes)).digest("hex");
}

async function addContent(hash: Hash, file: string): Promise<void> {
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
}

function padding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

function headers(name: string, size: number): Buffer[] {
  const plain = ustarName(name);
  const main = { mode: 0o600, size, type: "0" };
  if (plain !== null) return [header({ ...main, ...plain, devices: true })];
  const record = Buffer.from(paxRecord("path", name));
  const about = path.posix.join(path.posix.dirname(name), "PaxHeaders.0", path.posix.basename(name));
  const aboutField = ascii(about).slice(0, nameBytes).replace(/\/+$/, "");
  return [
    header({ name: aboutField, prefix: "", mode: 0, size: record.length, type: "x", devices: false }),
    record,
    padding(record.length),
    header({ ...main, name: ascii(name), prefix: "", devices: true }),
  ];
}

function ascii(text: string): string {
  return text.replaceAll(/[^\x01-\x7f]/g, "");
}

/** The name as tar's two fields hold it, or null. */
function ustarName(name: string): { name: string; prefix: string } | null {
  if (ascii(name) !== name) return null;
  if (name.length <= nameBytes) return { name, prefix: "" };
  const cut = name.lastIndexOf("/", prefixBytes);
  if (cut <= 0 || name.length - cut - 1 > nameBytes) return null;
  return { name: name.slice(cut + 1), prefix: name.slice(0, cut) };
}

/** "LENGTH key=value\n", where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length += 1;
  return `${length}${rest}`;
}

interface HeaderFields {
  name: string;
  prefix: string;
  mode: number;
  size: number;
  type: string;
  /** Device numbers are written as zeros, not left empty. */
  devices: boolean;
}

function header(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, width: number) =>
    block.write(value.toString(8).padStart(width - 1, "0"), at, "latin1");
  block.write(fields.name.slice(0, nameBytes), 0, "latin1");
  octal(fields.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(fields.size, 124, 12);
  octal(0, 136, 12);
  block.write(fields.type, 156, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  if (fields.devices) for (const at of [329, 337]) octal(0, at, 8);
  block.write(fields.prefix, 345, "latin1");
  // The sum is taken with its own field full of spaces.
  block.fill(" ", 148, 156);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  block[154] = 0;
  return block;
}
