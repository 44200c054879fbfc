// Letters on the map. The map asks a server for drawings of letters, 256 at a time; we draw
// them here from the fonts of the reader's machine, so that nothing is asked of anybody and
// Vietnamese is written as in the rest of the page.
import TinySDF from '@mapbox/tiny-sdf'
import Pbf from 'pbf'

/** The protocol under which the map finds our letters. */
export const protocol = 'letters'
/** What a style gives as `glyphs`. */
export const glyphs = `${protocol}://{fontstack}/{range}`
/** What a style gives as `text-font`. */
export const font = ['Bold']

/** A letter as a field of distances to its edge, measured at 24 pixels. */
export interface Letter {
  id: number
  bitmap: Uint8Array
  width: number
  height: number
  left: number
  top: number
  advance: number
}

const spacing = 3 // pixels around each letter, as the format has it
const rise = 27 // from the top of a line to its base

/** Only what Vietnamese and English are written with: a range has many other letters. */
const written = /[\u0020-\u007e\u00a0-\u00ff]|[ĂăĐđĨĩŨũƠơƯư]|[\u1ea0-\u1ef9]|[\u2010-\u2026]|[₀-₉²³]/u

/** The letters of a range such as "0-255" that are written here. */
export function lettersOf(range: string): number[] {
  const [from = 0, to = -1] = range.split('-').map(Number)
  const all: number[] = []
  for (let id = from; id <= Math.min(to, from + 255); id++) if (written.test(String.fromCharCode(id))) all.push(id)
  return all
}

/** Writes letters in the format that the map reads (Mapbox glyphs, protocol buffers). */
export function encode(name: string, range: string, letters: readonly Letter[]): Uint8Array {
  const p = new Pbf()
  p.writeMessage(1, (_, stack) => {
    stack.writeStringField(1, name)
    stack.writeStringField(2, range)
    for (const letter of letters) {
      stack.writeMessage(3, (l: Letter, g) => {
        g.writeVarintField(1, l.id)
        if (l.width > 0) g.writeBytesField(2, l.bitmap)
        g.writeVarintField(3, l.width)
        g.writeVarintField(4, l.height)
        g.writeSVarintField(5, l.left)
        g.writeSVarintField(6, l.top)
        g.writeVarintField(7, l.advance)
      }, letter)
    }
  }, undefined)
  return p.finish()
}

function draw(pen: TinySDF, id: number): Letter {
  const l = pen.draw(String.fromCharCode(id))
  return {
    id, bitmap: new Uint8Array(l.data.buffer, l.data.byteOffset, l.data.byteLength),
    width: l.glyphWidth, height: l.glyphHeight, left: l.glyphLeft, top: l.glyphTop - rise, advance: Math.round(l.glyphAdvance),
  }
}

/** Answers the map's question for letters: "letters://Bold/0-255". */
export async function letters({ url }: { url: string }): Promise<{ data: ArrayBuffer }> {
  const [name = '', range = ''] = decodeURIComponent(url.slice(protocol.length + 3)).split('/')
  const family = getComputedStyle(document.documentElement).fontFamily || 'sans-serif'
  const pen = new TinySDF({ fontSize: 24, buffer: spacing, radius: 8, cutoff: 0.25, fontFamily: family, fontWeight: name === 'Bold' ? '700' : '500' })
  const encoded = encode(name, range, lettersOf(range).map((id) => draw(pen, id)))
  return { data: encoded.buffer.slice(encoded.byteOffset, encoded.byteOffset + encoded.byteLength) as ArrayBuffer }
}
