import type { RegionPlan } from "./plan.ts";

/** A text that is a place's own → what stands for it in every place. */
export type PlaceWords = Readonly<Record<string, string>>;

export interface OwnTexts {
  /** A database host's public key: its peers know it by that. */
  databaseKey: (plan: RegionPlan) => string;
  /** Where its web hosts have a volume for the uploads; null where they have none. */
  uploadsDevice: (plan: RegionPlan) => string | null;
}

/**
 * What a region calls itself and the others. With each such text replaced, the configurations of two counterparts (the
 * web hosts of two regions, their databases, …) are the same, but for what one was told and the other was not. A place
 * that is no region has no counterpart, and no words.
 */
export function placeWords(plans: readonly RegionPlan[], place: string, texts: OwnTexts): PlaceWords {
  const own = plans.filter(({ name }) => name === place);
  const others = plans.filter(({ name }) => name !== place);
  if (own.length === 0) return {};
  const named = [...own, ...others].flatMap((plan, i) => {
    const prefix = i === 0 ? "own" : `other ${i}`;
    return wordsOf(plan, texts).map(([what, text]) => [text, `${prefix} ${what}`] as const);
  });
  // Its own name for a text counts where another region has the same.
  return Object.fromEntries(named.reverse());
}

function wordsOf(plan: RegionPlan, { databaseKey, uploadsDevice }: OwnTexts): [what: string, text: string][] {
  const { gateway, database, cache, store, peering } = plan;
  return [
    ["name", plan.name],
    ["machine", plan.namePrefix],
    ...Object.entries({ gateway, database, cache, store }),
    ...plan.webPlaces.map((address, i): [string, string] => [`web-${i + 1}`, address]),
    ["gateway on the link", peering.gateway],
    ["database on the link", peering.database],
    ["database's key", databaseKey(plan).trim()],
    // Numbers and switches are words only together with what they are said of.
    ...["server_id = @", "auto_increment_offset = @", '"serverId": @', '"regionIndex": @'].map(
      (line): [string, string] => [line, line.replace("@", String(plan.index))],
    ),
    ["uploads", `"uploadsDevice": ${JSON.stringify(uploadsDevice(plan))}`],
  ];
}
