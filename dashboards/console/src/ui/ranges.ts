// How far back charts look, and in which steps: a few hundred points each.
import { words } from '../words'

const w = words({
  vi: { label: 'Khoảng thời gian', '24h': '24 giờ', '7d': '7 ngày', '30d': '30 ngày', '90d': '90 ngày' },
  en: { label: 'Time range', '24h': '24 hours', '7d': '7 days', '30d': '30 days', '90d': '90 days' },
})

export const ranges = ['24h', '7d', '30d', '90d'] as const
export type Range = (typeof ranges)[number]

const hour = 3600
const shapes: Record<Range, { seconds: number; step: number }> = {
  '24h': { seconds: 24 * hour, step: 300 },
  '7d': { seconds: 7 * 24 * hour, step: hour },
  '30d': { seconds: 30 * 24 * hour, step: 3 * hour },
  '90d': { seconds: 90 * 24 * hour, step: 12 * hour },
}

export const rangeLabel = (): string => w().label
export const rangeOptions = () => ranges.map((value) => ({ value, text: w()[value] }))

/**
 * What a range asks the service for, seen from now: it begins and ends at whole steps, so that
 * asking again within a step asks the same. A step is never shorter than a device's interval.
 */
export function span(range: Range, now: number, interval = 0): { from: Date; to: Date; step: number } {
  const shape = shapes[range]
  const step = Math.max(shape.step, Math.ceil(interval / 60) * 60)
  const end = Math.ceil(now / 1000 / step) * step
  return { from: new Date((end - Math.ceil(shape.seconds / step) * step) * 1000), to: new Date(end * 1000), step }
}
