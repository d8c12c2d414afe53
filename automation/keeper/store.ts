/**
 * What the sites' etcd holds of one site, and the only ways in which it is changed (writer.md). A change is data: a
 * transaction with what it compares and what it puts. The keeper sends it to etcd, the model applies it to its own.
 */

/** Who may write. One region at one epoch; an epoch is granted once. */
export interface Writer {
  region: string;
  epoch: number;
}

/**
 * The regions that hold every acknowledged transaction, in order of name. `joined`: a standby has been among them since
 * the writer's epoch was opened; until then the writer accepts writes alone in every mode (W5).
 */
export interface SyncSet {
  regions: readonly string[];
  joined: boolean;
}

export type Durability = "strict" | "bounded" | "async";

/** A value with the revision of its last write (etcd's mod_revision). */
export interface Versioned<T> {
  value: T;
  revision: number;
}

export interface Store {
  /** Of the whole store: of two answers the one with the higher is the later. */
  revision: number;
  /** Null: nobody has it. */
  writer: Versioned<Writer> | null;
  /** The last epoch that was granted; 0 before the first birth. */
  epoch: number;
  /** Null before the first birth. */
  sync: Versioned<SyncSet> | null;
  /** The operator's; null: as the site was configured at birth. */
  durability: Durability | null;
  /** Nothing is promoted by itself. A pause ends by the wall clock of the host that asks (wire.ts). */
  paused: boolean;
}

export type Change =
  /** Rewrites `writer` if it is still this one: a new revision shows a challenger that the holder lives (W3). */
  | { kind: "renew"; writer: Writer }
  /**
   * Of a region in `sync` at `syncRevision`: takes `writer` where it is absent or unchanged at `writerRevision` (null:
   * absent), with the epoch after `epoch`. `sync` stays (W7).
   */
  | { kind: "claim"; region: string; epoch: number; writerRevision: number | null; syncRevision: number }
  /** By the writer: puts `sync`, comparing its revision (W5, W7: open, re-open, shrink, add, and the same once more). */
  | { kind: "put-sync"; writer: Writer; syncRevision: number; sync: SyncSet }
  /** By a standby: itself out of `sync`, comparing the revision alone (W8). */
  | { kind: "leave"; region: string; syncRevision: number; sync: SyncSet }
  /** A claimant that can't finish gives the lease back. */
  | { kind: "give-back"; writer: Writer }
  /** The site's first writer, where nothing is known of the site: alone in `sync` (W2). */
  | { kind: "found"; writer: Writer; durability: Durability }
  /**
   * By an operator who answers for the old writer being closed (W4): takes `writer` where it is absent or unchanged at
   * `writerRevision` (null: absent), with an epoch above `epoch`, and is alone in `sync`, whoever was there.
   */
  | { kind: "seize"; writer: Writer; epoch: number; writerRevision: number | null };

export interface Compare {
  key: "writer" | "sync" | "epoch";
  /** Of `writer`: the value it must have. Of the others: null. */
  value: Writer | number | null;
  /** The revision it must have; 0: it must be absent. Null: any. */
  revision: number | null;
}

export type Put =
  | { key: "writer"; value: Writer | null }
  | { key: "epoch"; value: number }
  | { key: "sync"; value: SyncSet }
  | { key: "durability"; value: Durability };

export interface Transaction {
  compares: readonly Compare[];
  puts: readonly Put[];
}

/** What a change compares and puts, all or nothing. */
export function transactionOf(change: Change): Transaction {
  switch (change.kind) {
    case "renew":
      return { compares: [held(change.writer)], puts: [{ key: "writer", value: change.writer }] };
    case "claim": {
      const epoch = change.epoch + 1;
      return {
        compares: [
          { key: "writer", value: null, revision: change.writerRevision ?? 0 },
          { key: "sync", value: null, revision: change.syncRevision },
          { key: "epoch", value: change.epoch, revision: null },
        ],
        puts: [
          { key: "writer", value: { region: change.region, epoch } },
          { key: "epoch", value: epoch },
        ],
      };
    }
    case "put-sync":
      return {
        compares: [held(change.writer), { key: "sync", value: null, revision: change.syncRevision }],
        puts: [{ key: "sync", value: change.sync }],
      };
    case "leave":
      return {
        compares: [{ key: "sync", value: null, revision: change.syncRevision }],
        puts: [{ key: "sync", value: change.sync }],
      };
    case "give-back":
      return { compares: [held(change.writer)], puts: [{ key: "writer", value: null }] };
    case "found":
      return {
        compares: (["writer", "epoch", "sync"] as const).map((key) => ({ key, value: null, revision: 0 })),
        puts: [...aloneFrom(change.writer), { key: "durability", value: change.durability }],
      };
    case "seize": {
      const { writer, epoch, writerRevision } = change;
      return {
        compares: [
          { key: "writer", value: null, revision: writerRevision ?? 0 },
          { key: "epoch", value: epoch, revision: null },
        ],
        puts: aloneFrom(writer),
      };
    }
  }
}

function aloneFrom(writer: Writer): Put[] {
  return [
    { key: "writer", value: writer },
    { key: "epoch", value: writer.epoch },
    { key: "sync", value: { regions: [writer.region], joined: false } },
  ];
}

function held(writer: Writer): Compare {
  return { key: "writer", value: writer, revision: null };
}

export function sameWriter(one: Writer | null | undefined, other: Writer | null | undefined): boolean {
  return one?.region === other?.region && one?.epoch === other?.epoch;
}

/** The same set with or without a region; its order is that of the names, so that equal sets are equal texts. */
export function withRegion({ regions, ...rest }: SyncSet, region: string): SyncSet {
  return { ...rest, regions: [...new Set([...regions, region])].sort() };
}

export function withoutRegion({ regions, ...rest }: SyncSet, region: string): SyncSet {
  return { ...rest, regions: regions.filter((one) => one !== region) };
}
