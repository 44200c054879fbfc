import { describe, expect, it } from 'vitest'
import { ranks } from '../../ui/mapicons'
import { merged } from './facts'
import { type Device, type Site, deviceFeatures, deviceTones, siteFeatures, siteTones } from './marks'

const device = (id: string, state: Device['state'], lat?: number) => ({ id, state, lat, lon: lat }) as Device
const rank = (f: GeoJSON.Feature[]) => f.map((x) => x.properties!['rank'] as number)

describe('marks', () => {
  it('never rank silence or ignorance as well as good', () => {
    const good = ranks.indexOf('good')
    for (const [state, tone] of Object.entries(deviceTones)) if (state !== 'up') expect(ranks.indexOf(tone), state).toBeGreaterThan(good)
    for (const [verdict, tone] of Object.entries(siteTones)) if (verdict !== 'working') expect(ranks.indexOf(tone), verdict).toBeGreaterThan(good)
  })
  it('rank what fails above what is not known', () => {
    const [failed, unknown] = rank(siteFeatures([{ id: 'a', verdict: 'failed', lat: 1, lon: 1 }, { id: 'b', verdict: 'unknown', lat: 1, lon: 1 }] as Site[]))
    expect(failed).toBeGreaterThan(unknown!)
  })
  it('leave out devices that are retired or nowhere', () => {
    expect(deviceFeatures([device('a', 'up', 11), device('b', 'retired', 11), device('c', 'up')]).map((f) => f.properties!['id'])).toEqual(['a'])
  })
  it('take a state that nobody knows for unknown', () => {
    expect(rank(deviceFeatures([device('a', 'sleeping' as never, 11)]))).toEqual([ranks.indexOf('unknown')])
  })
})

describe('merged', () => {
  const list = [device('a', 'up', 1), device('b', 'up', 1)]
  it('puts what changed in its place, and what is new at the end', () => {
    const changed = new Map([['b', device('b', 'silent', 1)], ['c', device('c', 'up', 1)]])
    expect(merged(list, changed)?.map((d) => `${d.id} ${d.state}`)).toEqual(['a up', 'b silent', 'c up'])
  })
  it('is the list itself where nothing changed', () => {
    expect(merged(list, new Map())).toBe(list)
    expect(merged(undefined, new Map([['c', device('c', 'up')]]))).toBeUndefined()
  })
})
