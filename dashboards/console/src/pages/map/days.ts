// Days as numbers, so that a slider can go along them.
const day = 86_400_000

/** How many days lie from the first to the other; both YYYY-MM-DD. */
export const daysBetween = (first: string, other: string): number => Math.round((Date.parse(other) - Date.parse(first)) / day)

/** The day that is so many after the first. */
export const dayAfter = (first: string, days: number): string => new Date(Date.parse(first) + days * day).toISOString().slice(0, 10)

/** Where a day stands between the first and the last; the last where it is none of them. */
export function positionOf(wanted: string | undefined, first: string, last: string): number {
  const all = daysBetween(first, last)
  const at = wanted === undefined ? all : daysBetween(first, wanted)
  return at >= 0 && at <= all ? at : all
}
