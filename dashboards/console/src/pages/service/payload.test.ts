import { expect, test } from 'vitest'
import { type State, health, storeBehind, worst } from './health'
import { bytesOf, hex, shownOf } from './payload'

const bytes = (...b: number[]) => Uint8Array.from(b)
const utf8 = (s: string) => new TextEncoder().encode(s)

test('JSON is set out, other text stays', () => {
  expect(shownOf(utf8('{"a":"Trường học"}'), false)).toEqual({ kind: 'text', text: '{\n  "a": "Trường học"\n}' })
  expect(shownOf(utf8('{"a":'), true)).toEqual({ kind: 'text', text: '{"a":' })
  expect(shownOf(bytes(), false)).toEqual({ kind: 'empty' })
})

test('what is cut within a letter is text still, what is whole and broken is bytes', () => {
  const part = utf8('ờ').subarray(0, 2)
  expect(shownOf(Uint8Array.from([...utf8('gi'), ...part]), true)).toEqual({ kind: 'text', text: 'gi' })
  expect(shownOf(Uint8Array.from([...utf8('gi'), ...part]), false).kind).toBe('hex')
})

test('what could fool the eye is shown byte by byte', () => {
  expect(shownOf(utf8('abc\u202edef'), false).kind).toBe('hex')
  expect(shownOf(utf8('a\u0000b'), false).kind).toBe('hex')
  expect(shownOf(utf8('a\tb\r\nc'), false).kind).toBe('text')
})

test('bytes sixteen a line', () => {
  expect(hex(bytes(0, 1, 0x41, 0xff))).toBe('000000  00 01 41 ff' + ' '.repeat(36) + '  ..A.')
  expect(hex(new Uint8Array(17)).split('\n')).toHaveLength(2)
})

test('base64 that is none is nothing', () => {
  expect(bytesOf('AP8=')).toEqual(bytes(0, 255))
  expect(bytesOf('***')).toHaveLength(0)
})

const fine: State = {
  version: 'v', at: '2026-11-22T03:00:00Z', started: '2026-11-22T02:00:00Z', delivery: 'inside', listeners: 1,
  ledger: { received: 10, stored: 7, rejected: 2, waiting: 1, difference: 0 },
  broker: { embedded: true, connected: true, subscribed: true, connects: 1, losses: 0, received: 10, duplicates: 0 },
  stream: { healthy: true, embedded: true, entries: 5, last: 5, bytes: 1, max_bytes: 100, dead_letters: 0 },
  store: { kind: 'sqlite', answers: true, position: 4 },
  watcher: { position: 5, behind: 0, caught_up: true },
  coverage: { whole: true, cells: 0, zones: 0 },
}

test('each part is as well as its numbers', () => {
  expect(worst(fine)).toBe('good')
  expect(storeBehind(fine)).toBe(1)
  expect(health({ ...fine, ledger: { ...fine.ledger, difference: -1 } }, 'ledger')).toBe('critical')
  expect(health({ ...fine, broker: { ...fine.broker, subscribed: false } }, 'broker')).toBe('critical')
  expect(health({ ...fine, stream: { ...fine.stream, bytes: 85 } }, 'stream')).toBe('warning')
  expect(health({ ...fine, store: { ...fine.store, answers: false } }, 'store')).toBe('critical')
  expect(health({ ...fine, stream: { ...fine.stream, last: 5000 } }, 'store')).toBe('warning')
  expect(worst({ ...fine, watcher: { ...fine.watcher, caught_up: false } })).toBe('warning')
  expect(worst({ ...fine, coverage: { ...fine.coverage, whole: false }, store: { ...fine.store, answers: false } })).toBe('critical')
})
