import { expect, test } from 'vitest'
import type { Schemas } from '../../api/client'
import { type Target, parts, share, targetOf, worstCommunes, worstSites } from './shares'

const target = (area: string, required: number, working: number, by: Record<string, number> = {}, category = ''): Target => ({ area, category: category as Target['category'], required, working, by_state: { working, ...by } })

test('the share is of what is required, and of nothing there is none', () => {
  expect(share(target('', 4, 2))).toBe(0.5)
  expect(share(target('', 0, 0))).toBeUndefined()
})

test('a meter has every state that there is, working first, and fills its length', () => {
  const list = parts(target('', 4, 2, { partly: 1, 'not covered': 1, failed: 0 }))
  expect(list.map((p) => p.state)).toEqual(['working', 'partly', 'not covered'])
  expect(list.reduce((sum, p) => sum + p.share, 0)).toBe(1)
})

test('communes: the lowest share first, then where more are missing; provinces and empty ones are none', () => {
  const all = [target('80', 9, 0), target('25459', 4, 2), target('25460', 2, 1), target('25461', 3, 0), target('25462', 0, 0), target('25463', 1, 1), target('25459', 1, 1, {}, 'school')]
  expect(worstCommunes(all, '').map((t) => t.area)).toEqual(['25461', '25459', '25460', '25463'])
  expect(targetOf(all, '25459', 'school')?.required).toBe(1)
})

test('sites: no service before partly, and what lasts longer first', () => {
  const site = (id: string, verdict: Schemas['Site']['verdict'], since?: string) => ({ id, name: id, verdict, since }) as Schemas['Site']
  const list = [site('ok', 'working'), site('new', 'no service', '2026-11-22T02:00:00Z'), site('part', 'partly'), site('old', 'no service', '2026-11-20T02:00:00Z'), site('what', 'unknown')]
  expect(worstSites(list).map((s) => s.id)).toEqual(['old', 'new', 'part', 'what', 'ok'])
})
