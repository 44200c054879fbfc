import type { Map as LibreMap } from 'maplibre-gl'
import { describe, expect, it } from 'vitest'
import { Board, type Seen } from './board'
import type { Device, Site } from './marks'

/** A map that only notes what data it is given. */
function notingMap() {
  const given: string[] = []
  const sources = new Map<string, unknown>()
  const map = {
    addSource: (id: string) => void sources.set(id, { setData: (d: GeoJSON.FeatureCollection) => given.push(`${id} ${d.features.length}`), setTiles: () => undefined }),
    getSource: (id: string) => sources.get(id),
    addLayer: () => undefined, getLayer: () => undefined, setFilter: () => undefined, setLayoutProperty: () => undefined, on: () => undefined,
  }
  return { map: map as unknown as LibreMap, given }
}

const device = (id: string, state: Device['state'], seen = 't') => ({ id, state, lat: 11, lon: 106, last_seen: seen }) as Device
const site = (id: string, verdict: Site['verdict']) => ({ id, verdict, lat: 11, lon: 106 }) as Site
const seen = (part: Partial<Seen>): Seen => ({ operator: '45204', day: undefined, version: 1, layers: ['cells', 'sites'], verdicts: [], zones: [], sites: [], devices: [], ...part })

describe('a board', () => {
  it('gives the map no marks that are hidden, and those of the moment when they are shown', () => {
    const { map, given } = notingMap()
    const board = new Board(map)
    board.draw(seen({ devices: [device('a', 'up')] }))
    board.draw(seen({ devices: [device('a', 'silent'), device('b', 'up')] }))
    expect(given.filter((g) => g.startsWith('devices'))).toEqual([])
    board.draw(seen({ layers: ['devices'], devices: [device('a', 'silent'), device('b', 'up')] }))
    expect(given.filter((g) => g.startsWith('devices'))).toEqual(['devices 2'])
  })
  it('gives it the same marks once, however often they are loaded', () => {
    const { map, given } = notingMap()
    const board = new Board(map)
    const times = () => given.filter((g) => g.startsWith('sites')).length
    board.draw(seen({ sites: [site('a', 'working')] }))
    const first = times()
    board.draw(seen({ sites: [site('a', 'working')] }))
    expect(times()).toBe(first)
    board.draw(seen({ sites: [site('a', 'failed')] }))
    expect(times()).toBe(first + 1)
    board.draw(seen({ sites: [] }))
    expect(times()).toBe(first + 2)
  })
})
