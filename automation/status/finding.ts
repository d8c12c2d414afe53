/** One thing that was looked at. `ok` is null where set-up will provide it, so that its absence is no fault. */
export interface Finding {
  name: string;
  ok: boolean | null;
  detail: string;
  fix: string | null;
}
