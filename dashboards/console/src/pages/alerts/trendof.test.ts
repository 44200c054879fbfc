import { expect, test } from 'vitest'
import { trendOf, trendSpan } from './trendof'

test('the more special rule decides', () => {
  expect(trendOf('AccessPointUplinkLossy')?.field).toBe('wan_loss')
  expect(trendOf('AccessPointSilent')?.field).toBe('clients')
  expect(trendOf('AreaMassSilence')).toBeUndefined()
  expect(trendOf('OfOurOwn')).toBeUndefined()
})

test('a chart begins before the alert, ends with it, and never asks for too many steps', () => {
  const now = Date.parse('2026-11-22T12:00:00Z')
  expect(trendSpan({ since: '2026-11-22T10:00:00Z' }, now)).toEqual({ from: '2026-11-22T04:00:00.000Z', to: '2026-11-22T12:00:00.000Z', step: '300s' })
  expect(trendSpan({ since: '2026-11-21T10:00:00Z', resolved: '2026-11-21T11:00:00Z' }, now).to).toBe('2026-11-21T12:00:00.000Z')
  const long = trendSpan({ since: '2025-01-01T00:00:00Z' }, now)
  const seconds = (Date.parse(long.to) - Date.parse(long.from)) / 1000
  expect(seconds).toBe(90 * 86400)
  expect(seconds / parseInt(long.step)).toBeLessThan(200)
})
