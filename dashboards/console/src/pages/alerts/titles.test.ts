import { expect, test } from 'vitest'
import { language } from '../../words'
import type { Alert } from './book'
import { commonTitle } from './titles'

const zone = (id: string, more: Partial<Alert> = {}): Alert => ({ id, name: 'DeadZoneFound', severity: 'warning', scope: 'zone', subject: id, operator: '45204', told: true, acknowledged: false, ...more })

test('zones of one operator have one title, with their number', () => {
  language.value = 'vi'
  expect(commonTitle([zone('a'), zone('b'), zone('c', { told: false })])).toBe('Phát hiện vùng lõm sóng: Viettel (2)')
  expect(commonTitle([zone('a')])).toBeUndefined()
  expect(commonTitle([zone('a'), zone('b', { operator: '45201' })])).toBeUndefined()
  expect(commonTitle([zone('a'), zone('b', { name: 'OperatorOutage' })])).toBeUndefined()
  expect(commonTitle([zone('a', { operator: undefined }), zone('b', { operator: undefined })])).toBeUndefined()
})
