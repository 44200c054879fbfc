import { describe, expect, it } from 'vitest'
import type { Areas } from '../../ui/mapbase'
import type { Device, Site } from './marks'
import { fold, indexOf, literal, search } from './search'

const ring = [[[[106, 11], [106.2, 11], [106.2, 11.2], [106, 11]]]]
const area = (code: string, name: string, type: string) => ({ type: 'Feature', geometry: { type: 'MultiPolygon', coordinates: ring }, properties: { code, name, type, approximate: true } })
const areas = { type: 'FeatureCollection', truncated: false, features: [area('80', 'Tây Ninh', 'Tỉnh'), area('25459', 'Tân Ninh', 'Phường'), area('25654', 'Gò Dầu', 'Xã')] } as unknown as Areas
const site = (id: string, name: string) => ({ id, name, lat: 11.1, lon: 106.1 }) as Site
const index = indexOf(areas, [site('school-1', 'Trường Tiểu học Gò Dầu'), site('hospital-2', 'Trạm Y tế Đồng Khởi')], [{ id: 'ap-go-dau-1', lat: 11, lon: 106 } as Device, { id: 'probe-1' } as Device])
const ids = (text: string) => search(index, text).map((f) => f.id)

describe('fold', () => {
  it('takes accents and case away', () => expect(fold(' Trạm Y tế ĐỒNG Khởi ')).toBe('tram y te dong khoi'))
})

describe('search', () => {
  it('finds a place without accents, areas first', () => expect(ids('go dau')[0]).toBe('25654'))
  it('finds it with accents all the same', () => expect(ids('Gò Dầu')).toContain('school-1'))
  it('finds words in the middle of a name', () => expect(ids('dong khoi')).toEqual(['hospital-2']))
  it('finds by id and by code', () => {
    expect(ids('ap-go')).toEqual(['ap-go-dau-1'])
    expect(ids('25459')).toEqual(['25459'])
  })
  it('finds the type before the name', () => expect(ids('xa go')).toEqual(['25654']))
  it('finds nothing for nothing', () => {
    expect(ids('')).toEqual([])
    expect(ids('   ')).toEqual([])
    expect(ids('zzz')).toEqual([])
  })
  it('leaves out what is nowhere', () => expect(ids('probe-1')).toEqual([]))
  it('gives an area its box', () => expect(search(index, 'Tân Ninh')[0]?.box).toEqual([106, 11, 106.2, 11.2]))
})

describe('literal', () => {
  it('knows a cell', () => expect(literal(' 8865B1909BFFFFF ')).toMatchObject({ kind: 'cell', id: '8865b1909bfffff' }))
  it('knows only cells of the map', () => expect(literal('8965b1909bfffff')).toBeUndefined())
  it.each(['11.3, 106.1', '11.3 106.1', '11.3;106.1'])('knows a position: %s', (text) => expect(literal(text)).toMatchObject({ at: [106.1, 11.3] }))
  it.each(['106.1, 11.3', '11.3', '11,3,4', 'a, b'])('refuses what is none: %s', (text) => expect(literal(text)).toBeUndefined())
})
