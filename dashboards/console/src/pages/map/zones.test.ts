import { describe, expect, it } from 'vitest'
import { type ZoneFeature, boxOfZone, countsOf, worstFirst, worstOperator } from './zones'

const zone = (id: string, verdict: 'dead' | 'gap', population: number, operator = '45204', cells = 1) =>
  ({ type: 'Feature', geometry: { type: 'MultiPolygon', coordinates: [[[[106, 11], [106.1, 11.2]]]] }, properties: { id, verdict, population_estimate: population, operator, cells } }) as unknown as ZoneFeature

const zones = [zone('slow-many', 'gap', 9000), zone('dead-few', 'dead', 10), zone('dead-many', 'dead', 500, '45201'), zone('slow-few', 'gap', 0)]

describe('zones', () => {
  it('stand dead before slow, then by residents', () => {
    expect(worstFirst(zones).map((z) => z.properties.id)).toEqual(['dead-many', 'dead-few', 'slow-many', 'slow-few'])
  })
  it('do not change their own order', () => expect(zones[0]!.properties.id).toBe('slow-many'))
  it('stand in the same order however they come', () => {
    const twins = [zone('b', 'dead', 1), zone('a', 'dead', 1)]
    expect(worstFirst(twins).map((z) => z.properties.id)).toEqual(['a', 'b'])
  })
  it('say whom to look at first', () => {
    expect(worstOperator(zones)).toBe('45201')
    expect(worstOperator([])).toBeUndefined()
  })
  it('are counted by operator', () => {
    expect(countsOf(zones, '45204')).toEqual({ dead: 1, gap: 2 })
    expect(countsOf(zones, '45205')).toEqual({ dead: 0, gap: 0 })
  })
  it('have a box', () => expect(boxOfZone(zones[0]!)).toEqual([106, 11, 106.1, 11.2]))
})
