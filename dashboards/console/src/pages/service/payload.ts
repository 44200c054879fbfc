// What a refused message carried, shown safely: as text where it is text, else byte by byte.

export type Shown = { kind: 'empty' } | { kind: 'text'; text: string } | { kind: 'hex'; text: string }

/** The bytes of base64; those of a text that is none are empty. */
export function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
  } catch {
    return new Uint8Array()
  }
}

/** Control characters but line breaks and tabs, and marks that turn the direction of writing. */
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/

/** JSON is set out over lines; other text stays as it is; bytes that are no text become hexadecimal. `cut` says that the end is missing. */
export function shownOf(payload: Uint8Array, cut: boolean): Shown {
  if (payload.length === 0) return { kind: 'empty' }
  try {
    // The end of what was cut may be in the middle of a letter: that alone makes it no bytes.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(payload, { stream: cut })
    if (unprintable.test(text)) return { kind: 'hex', text: hex(payload) }
    try {
      return { kind: 'text', text: JSON.stringify(JSON.parse(text), null, 2) }
    } catch {
      return { kind: 'text', text }
    }
  } catch {
    return { kind: 'hex', text: hex(payload) }
  }
}

/** Sixteen bytes a line: where, the bytes, and what of them can be read. */
export function hex(payload: Uint8Array): string {
  const lines: string[] = []
  for (let from = 0; from < payload.length; from += 16) {
    const part = [...payload.subarray(from, from + 16)]
    const codes = part.map((b) => b.toString(16).padStart(2, '0')).join(' ')
    const read = part.map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('')
    lines.push(`${from.toString(16).padStart(6, '0')}  ${codes.padEnd(47)}  ${read}`)
  }
  return lines.join('\n')
}
