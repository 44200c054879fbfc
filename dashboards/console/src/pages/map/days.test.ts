import { describe, expect, it } from 'vitest'
import { dayAfter, daysBetween, positionOf } from './days'

describe('days', () => {
  it('go over the ends of months and years', () => {
    expect(daysBetween('2026-12-30', '2027-01-02')).toBe(3)
    expect(dayAfter('2026-12-30', 3)).toBe('2027-01-02')
    expect(dayAfter('2028-02-28', 1)).toBe('2028-02-29')
  })
  it('stand where they are, and at the last where they are not', () => {
    expect(positionOf('2026-11-03', '2026-11-01', '2026-11-10')).toBe(2)
    expect(positionOf(undefined, '2026-11-01', '2026-11-10')).toBe(9)
    expect(positionOf('2026-10-03', '2026-11-01', '2026-11-10')).toBe(9)
    expect(positionOf('2026-12-03', '2026-11-01', '2026-11-10')).toBe(9)
  })
})
