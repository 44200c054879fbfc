import { describe, expect, it } from 'vitest'
import { cellLink, mapLink, placeOf } from './maplink'

describe('mapLink', () => {
  it('comes back as it went', () => {
    const place = { operator: '45204', day: '2026-11-20', lat: 11.3, lon: 106.12345, zoom: 12.5, layers: ['zones', 'sites'] as const, site: 'school-1' }
    expect(placeOf(mapLink(place).slice(1))).toEqual(place)
  })
  it('is the plain map where nothing is said', () => {
    expect(mapLink({})).toBe('/')
    expect(placeOf('')).toEqual({})
  })
  it('remembers that no layer is shown', () => {
    expect(placeOf(mapLink({ layers: [] }).slice(1))).toEqual({ layers: [] })
  })
})

describe('placeOf', () => {
  it.each(['?lat=99&lon=106', '?lat=11', '?lat=a&lon=b', '?zoom=-1', '?operator=<b>', '?day=yesterday', '?lat=&lon='])('leaves out what makes no sense: %s', (search) => {
    expect(placeOf(search)).toEqual({})
  })
  it('knows only layers that there are', () => {
    expect(placeOf('?layers=cells,secret')).toEqual({ layers: ['cells'] })
  })
})

describe('cellLink', () => {
  it('escapes what is in it', () => {
    expect(cellLink('a/b', '45204')).toBe('/cells/a%2Fb?operator=45204')
  })
})
