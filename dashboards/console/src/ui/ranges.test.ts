import { expect, test } from 'vitest'
import { ranges, span } from './ranges'

const now = Date.parse('2026-11-22T03:12:34Z')

test('a range begins and ends at whole steps and holds now', () => {
  for (const range of ranges) {
    const s = span(range, now)
    expect(s.to.getTime()).toBeGreaterThanOrEqual(now)
    expect(s.to.getTime() - now).toBeLessThan(s.step * 1000)
    expect((s.from.getTime() / 1000) % s.step).toBe(0)
    expect((s.to.getTime() - s.from.getTime()) / 1000 / s.step).toBeLessThanOrEqual(300)
  }
})

test('asking again within a step asks the same', () => {
  expect(span('24h', now)).toEqual(span('24h', now + 60_000))
})

test('a step is never shorter than the interval', () => {
  expect(span('24h', now, 3600).step).toBe(3600)
  expect(span('24h', now, 10).step).toBe(300)
})
