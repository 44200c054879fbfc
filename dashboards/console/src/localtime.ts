// Times as people type them: by the clocks of the province, wherever the reader's own stand.
// There has been no summer time here since 1975, so the offset is fixed.
const offset = '+07:00'
const shift = 7 * 3600_000

/** A moment as a field of type datetime-local shows it. */
export function toLocal(t: Date | number): string {
  return new Date(Number(t) + shift).toISOString().slice(0, 16)
}

/** The moment that was typed, or undefined when it is none. */
export function fromLocal(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(text)) return undefined
  const t = new Date(text + offset)
  return Number.isNaN(t.getTime()) ? undefined : t
}
