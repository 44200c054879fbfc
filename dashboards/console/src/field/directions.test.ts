import { expect, test } from 'vitest'
import { fromLocal, toLocal } from '../localtime'
import { coordinates, directions } from './directions'
import { viewOf } from './view'

const android = 'Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36'

test('each kind of phone gets the link that it understands', () => {
  expect(directions(11.27, 106.16, 'Trường (THCS) Tân Ninh', android)).toBe('geo:11.27000,106.16000?q=11.27000,106.16000(Tr%C6%B0%E1%BB%9Dng%20%20THCS%20%20T%C3%A2n%20Ninh)')
  expect(directions(11.27, 106.16, 'x', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)')).toBe('maps://?daddr=11.27000,106.16000')
  expect(directions(11.27, 106.16, 'x', 'Mozilla/5.0 (X11; Linux x86_64)')).toMatch(/^https:\/\/www\.openstreetmap\.org\/\?mlat=11\.27000&mlon=106\.16000/)
  expect(coordinates(11.27, 106.16)).toBe('11.27000, 106.16000')
})

test('times are typed by the clocks of the province', () => {
  expect(toLocal(Date.parse('2026-11-22T17:30:00Z'))).toBe('2026-11-23T00:30')
  expect(fromLocal('2026-11-23T00:30')?.toISOString()).toBe('2026-11-22T17:30:00.000Z')
  expect(fromLocal('2026-13-23T00:30')).toBeUndefined()
  expect(fromLocal('tomorrow')).toBeUndefined()
})

test('the address says what is open', () => {
  expect(viewOf('#alert=a1%20')).toEqual({ name: 'alert', id: 'a1 ' })
  expect(viewOf('#settings')).toEqual({ name: 'settings' })
  expect(viewOf('')).toEqual({ name: 'list' })
  expect(viewOf('#alert=' + 'x'.repeat(101))).toEqual({ name: 'list' })
})
