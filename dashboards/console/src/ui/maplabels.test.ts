import Pbf from 'pbf'
import { describe, expect, it } from 'vitest'
import { type Letter, encode, lettersOf } from './maplabels'

/** Reads what encode wrote, by the numbers of the format. */
function decode(bytes: Uint8Array) {
  const stack = { name: '', range: '', letters: [] as Partial<Letter>[] }
  new Pbf(bytes).readFields((tag, _, p) => {
    if (tag !== 1) return
    p.readMessage((t, s, q) => {
      if (t === 1) s.name = q.readString()
      else if (t === 2) s.range = q.readString()
      else if (t === 3) s.letters.push(q.readMessage((u, l: Record<string, unknown>, r) => {
        const signed = u === 5 || u === 6
        l[['', 'id', 'bitmap', 'width', 'height', 'left', 'top', 'advance'][u]!] = u === 2 ? r.readBytes() : signed ? r.readSVarint() : r.readVarint()
      }, {}) as Partial<Letter>)
    }, stack)
  }, undefined)
  return stack
}

describe('letters', () => {
  it('are all that Vietnamese needs', () => {
    const text = 'Phường Tân Ninh, Xã Gò Dầu, Châu Thành – Đồng Khởi; Ữ ẵ ỹ ƠƯ 0–9…'
    const ranges = [...new Set([...text].map((c) => Math.floor(c.charCodeAt(0) / 256)))].map((n) => `${n * 256}-${n * 256 + 255}`)
    const all = new Set(ranges.flatMap(lettersOf))
    expect([...text].filter((c) => !all.has(c.charCodeAt(0)))).toEqual([])
  })
  it('are none of a range that is not written here', () => {
    expect(lettersOf('12288-12543')).toEqual([])
    expect(lettersOf('x')).toEqual([])
  })
  it('come back as they were encoded', () => {
    const letter: Letter = { id: 7879, bitmap: new Uint8Array([0, 127, 255, 3]), width: 2, height: 2, left: -1, top: -20, advance: 14 }
    const space: Letter = { id: 32, bitmap: new Uint8Array(0), width: 0, height: 0, left: 0, top: 0, advance: 6 }
    const back = decode(encode('Bold', '7680-7935', [letter, space]))
    expect(back.name).toBe('Bold')
    expect(back.range).toBe('7680-7935')
    expect(back.letters[0]).toEqual(letter)
    expect(back.letters[1]).toMatchObject({ id: 32, width: 0, advance: 6 })
  })
})
