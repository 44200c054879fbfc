import { expect, test } from 'vitest'
import { ago, date, distance, duration, number, percent } from './format'
import { language, words } from './words'

const w = words({ vi: { hello: 'Chào', many: (n: number) => `${n} thiết bị` }, en: { hello: 'Hello', many: (n: number) => `${n} devices` } })

test('words follow the language', () => {
  language.value = 'vi'
  expect(w().hello).toBe('Chào')
  expect(w().many(3)).toBe('3 thiết bị')
  language.value = 'en'
  expect(w().many(3)).toBe('3 devices')
  expect(document.documentElement.lang).toBe('en')
})

test('numbers as people read them', () => {
  language.value = 'vi'
  expect(number(1234.56, 1)).toBe('1.234,6')
  expect(percent(0.956, 1)).toBe('95,6%')
  expect(number(undefined)).toBe('—')
  expect(distance(0.456)).toBe('456 m')
  language.value = 'en'
  expect(number(1234.56, 1)).toBe('1,234.6')
  expect(distance(12.34)).toBe('12.3 km')
})

test.each([
  [45, '45 s'],
  [12 * 60, '12 min'],
  [5 * 3600, '5 h'],
  [3 * 86400, '3 d'],
  [-1, '0 s'],
])('%d seconds are %s', (seconds, text) => {
  language.value = 'en'
  expect(duration(seconds)).toBe(text)
})

test('a moment is told by how long ago it was', () => {
  language.value = 'vi'
  expect(ago('2026-11-22T02:00:00Z', Date.parse('2026-11-22T02:12:00Z'))).toBe('12 phút trước')
  expect(ago('2026-11-22T02:00:00Z', Date.parse('2026-11-22T02:00:02Z'))).toBe('vừa xong')
  expect(date('2026-11-22')).toBe('22/11/2026')
})
