import { afterEach, describe, expect, it, vi } from 'vitest'
import { baseStyle } from './mapbase'
import { orderedOperators } from './operators'

afterEach(() => vi.unstubAllGlobals())

describe('operators', () => {
  const of = (code: string, active = true) => ({ code, name: code, active })
  it('stand in the order that people know, those that ended left out', () => {
    expect(orderedOperators([of('45201'), of('45209'), of('45203', false), of('45204')]).map((o) => o.code)).toEqual(['45204', '45201', '45209'])
  })
})

describe('the base map', () => {
  it('asks nobody where nothing is configured', async () => {
    const fetch = vi.fn()
    vi.stubGlobal('fetch', fetch)
    const style = await baseStyle({})
    expect(style.sources).toEqual({})
    expect(fetch).not.toHaveBeenCalled()
  })
  it('lies below all else where it is tiles', async () => {
    const style = await baseStyle({ raster_tiles: 'https://tiles.example.vn/{z}/{x}/{y}.png', attribution: '© Example' })
    expect(style.layers.map((l) => l.id).slice(0, 3)).toEqual(['ground', 'base', 'under-areas'])
    expect(style.sources['base']).toMatchObject({ tiles: ['https://tiles.example.vn/{z}/{x}/{y}.png'], attribution: '© Example' })
  })
  it('of a style keeps our letters and our order of layers', async () => {
    vi.stubGlobal('fetch', async () => new Response(JSON.stringify({ version: 8, glyphs: 'https://elsewhere/{fontstack}/{range}', sources: {}, layers: [{ id: 'water', type: 'background' }] })))
    const style = await baseStyle({ vector_style: 'https://tiles.example.vn/style.json' })
    expect(style.glyphs).toMatch(/^letters:/)
    expect(style.layers.map((l) => l.id).slice(0, 2)).toEqual(['water', 'under-areas'])
  })
  it('is our own where the style cannot be had', async () => {
    vi.stubGlobal('fetch', async () => new Response('', { status: 500 }))
    expect((await baseStyle({ vector_style: 'https://tiles.example.vn/style.json' })).layers[0]?.id).toBe('ground')
  })
})
