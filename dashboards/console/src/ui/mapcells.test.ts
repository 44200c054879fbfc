import { describe, expect, it } from 'vitest'
import { type Areas, boxOf, boxOfAreas, nameAt, namesOf } from './mapbase'
import { filters, marks, tilesOf } from './mapcells'
import { verdicts } from './verdict'

const drawn = (f: unknown) => ((f as unknown[])[2] as unknown[])[1]

describe('hexagons', () => {
  it('that prove nothing are never filled with a colour', () => {
    expect(drawn(filters(verdicts)['cells-fill'])).not.toContain('unproven')
    expect(drawn(filters(verdicts)['cells-open'])).toEqual(['unproven'])
  })
  it('are drawn only where they are wanted', () => {
    expect(drawn(filters(['dead'])['cells-fill'])).toEqual(['dead'])
    expect(drawn(filters(['dead'])['cells-open'])).toEqual([])
    expect(drawn(filters([])['cells-line'])).toEqual([])
  })
  it('that are marked lie above one another: the chosen one above the one pointed at', () => {
    const at = (lon: number): GeoJSON.Polygon => ({ type: 'Polygon', coordinates: [[[lon, 11]]] })
    expect(marks({ chosen: at(106), hover: at(105) }).map((f) => [f.properties!['how'], f.geometry])).toEqual([['hover', at(105)], ['chosen', at(106)]])
    expect(marks({ hover: undefined })).toEqual([])
  })
  it('come from tiles of our own', () => {
    expect(tilesOf('45204')).toBe(`${location.origin}/api/v1/coverage/tiles/{z}/{x}/{y}.mvt?operator=45204`)
    expect(tilesOf('45204', '2026-11-03')).toMatch(/\?operator=45204&day=2026-11-03$/)
  })
})

describe('areas', () => {
  it('bear their name in the middle of the largest part', () => {
    const square = (x: number, side: number) => [[[x, 0], [x + side, 0], [x + side, side], [x, side], [x, 0]]]
    const [lon, lat] = nameAt([square(0, 1), square(10, 4)])!
    expect(lon).toBeCloseTo(12)
    expect(lat).toBeCloseTo(2)
  })
  it('have a name though they have no surface', () => expect(nameAt([[[[106, 11], [106, 11]]]])).toEqual([106, 11]))
  it('without an outline are where their sites are, or nowhere', () => {
    const area = (code: string, more: object) => ({ type: 'Feature', geometry: { type: 'MultiPolygon', coordinates: [] }, properties: { code, name: code, ...more } })
    const areas = { features: [area('25459', { lat: 11.3, lon: 106.1, bbox: [106, 11.2, 106.2, 11.4] }), area('25460', {})] } as unknown as Areas
    expect(namesOf(areas).features.map((f) => (f.geometry as GeoJSON.Point).coordinates)).toEqual([[106.1, 11.3]])
    expect(boxOfAreas(areas)).toEqual([106, 11.2, 106.2, 11.4])
  })
  it('have a box, or none', () => {
    expect(boxOf([[106, 11], [105, 12]])).toEqual([105, 11, 106, 12])
    expect(boxOf([])).toBeUndefined()
  })
})
