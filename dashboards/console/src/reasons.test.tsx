import { readFileSync } from 'node:fs'
import { cleanup, render, screen } from '@testing-library/preact'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { Problem, problemOf } from './api/client'
import { type Reason, sentence } from './reasons'
import { ProblemNote, explain } from './ui'
import { language } from './words'

// The codes are read from the description of the API itself, so that the two cannot drift apart.
const codes = JSON.parse(readFileSync('../api/testdata/openapi.json', 'utf8')).components.schemas.Code.enum as string[]
const manual = readFileSync('../../docs/API.md', 'utf8')

/** The parameters that the manual says a code has, each with some value. */
function paramsOf(code: string): Record<string, string> {
  const names = new RegExp(`^\\| \`${code}\` \\| ([^|]*)\\|`, 'm').exec(manual)?.[1] ?? ''
  return Object.fromEntries(names.split(',').map((n) => [n.trim(), '1']))
}

beforeEach(() => void (language.value = 'vi'))
afterEach(cleanup)

/** One sentence in each language. */
function both(r: Reason): [string, string] {
  language.value = 'vi'
  const vietnamese = sentence(r)
  language.value = 'en'
  const english = sentence(r)
  expect([r.code, typeof vietnamese, typeof english]).toEqual([r.code, 'string', 'string'])
  return [vietnamese!, english!]
}

test('there are codes', () => expect(codes.length).toBeGreaterThan(50))

test.each(codes)('%s has a sentence in both languages', (code) => {
  const vietnamese = /[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹáàãéèíìóòõúùũý]/i
  const [vi, en] = both({ code, params: paramsOf(code) })
  expect(vi).toMatch(vietnamese)
  expect(en).not.toMatch(vietnamese)
  for (const text of [vi, en]) {
    expect(text).toMatch(/[.”]$/)
    expect(text).not.toMatch(/undefined|\[object|  /)
  }
})

describe('a reason with its parameters', () => {
  it.each([
    [{ code: 'case-state', params: { state: 'sent', action: 're-test' } }, 'Hồ sơ đang ở trạng thái “đã gửi nhà mạng” nên không thể yêu cầu đo lại.', 'The case is “sent to the operator”, so it cannot be tested again.'],
    [{ code: 'case-zone-taken', params: { zone: 'z1', case: '45204-2026-001' } }, 'Vùng này đã có hồ sơ 45204-2026-001 chưa khép. Hãy tải lại danh sách.', 'This zone has the case 45204-2026-001 already, which is not closed. Load the list again.'],
    [{ code: 'case-untested', params: { cell: '8865b1', operator: '45204' } }, 'Chưa có phép đo nào của Viettel trong ô 8865b1.', 'Nobody has tested Viettel in cell 8865b1.'],
    [{ code: 'case-bad-cell', params: { cell: '8865b1', verdict: 'dead' } }, 'Ô 8865b1 vẫn được chứng minh là lõm sóng.', 'Cell 8865b1 is still proven to be dead.'],
    [{ code: 'window-over', params: { until: '2026-11-22T02:00:00Z' } }, 'Đợt bảo trì này đã kết thúc lúc 09:00 22/11/2026.', 'This work ended at 22/11/2026, 09:00.'],
    [{ code: 'text-too-long', params: { field: 'owner', characters: '1300', most: '100' } }, 'Người chịu trách nhiệm quá dài: 1.300 ký tự, tối đa 100.', 'The owner is too long: 1,300 characters, 100 at most.'],
    [{ code: 'invalid', params: { fields: 'owner,weekly[0].from_minute,strikes[2].reason' } }, 'Yêu cầu chưa hợp lệ: người chịu trách nhiệm, from_minute, lý do.', 'The request is not valid: the owner, from_minute, the reason.'],
    [{ code: 'too-many-logins', params: { seconds: '9' } }, 'Đăng nhập sai quá nhiều lần; hãy đợi 9 giây rồi thử lại.', 'Too many attempts to log in; wait 9 s and try again.'],
  ] as const)('%j', (reason, vi, en) => expect(both(reason)).toEqual([vi, en]))
})

const answered = (status: number, body: object, headers: Record<string, string> = {}) => problemOf(new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/problem+json', ...headers } }))

test('a problem is shown in the language of the reader, and again when that changes', async () => {
  const problem = await answered(409, { title: 'Conflict', detail: 'the window ended at 2026-11-22T02:00:00Z already', code: 'window-over', params: { until: '2026-11-22T02:00:00Z' } })
  const { rerender } = render(<ProblemNote problem={problem} />)
  expect(screen.getByRole('alert').textContent).toBe('Đợt bảo trì này đã kết thúc lúc 09:00 22/11/2026.')
  language.value = 'en'
  rerender(<ProblemNote problem={problem} />)
  expect(screen.getByRole('alert').textContent).toBe('This work ended at 22/11/2026, 09:00.')
})

test('a wrong password is not a session that is over', async () => {
  const problem = await answered(401, { title: 'Unauthorized', detail: 'name or password is wrong', code: 'wrong-password' })
  expect(explain(problem)).toBe('Tên hoặc mật khẩu không đúng.')
})

test('when to ask again is said where the sentence does not say it', async () => {
  expect(explain(await answered(503, { detail: 'too many listen', code: 'crowded' }, { 'Retry-After': '30' }))).toBe('Quá nhiều người đang theo dõi trực tiếp; hãy thử lại sau. Thử lại sau 30 giây.')
  expect(explain(await answered(429, { detail: 'too many', code: 'too-many-logins', params: { seconds: '9' } }, { 'Retry-After': '9' }))).toBe('Đăng nhập sai quá nhiều lần; hãy đợi 9 giây rồi thử lại.')
})

test('what the library found wrong is for who reads English', async () => {
  const problem = await answered(422, { detail: 'validation failed', errors: [{ message: 'expected length >= 1', location: 'body.owner' }], code: 'invalid', params: { fields: 'owner' } })
  expect(explain(problem)).toBe('Yêu cầu chưa hợp lệ: người chịu trách nhiệm.')
  language.value = 'en'
  expect(explain(problem)).toBe('The request is not valid: the owner. validation failed; expected length >= 1')
})

test('a code of a newer service falls back to its English sentence', async () => {
  expect(explain(await answered(409, { title: 'Conflict', detail: 'the moon is full', code: 'full-moon' }))).toBe('the moon is full')
  expect(explain(await answered(409, { title: 'Conflict', detail: 'the moon is full', code: 'constructor' }))).toBe('the moon is full')
  expect(explain(await answered(409, { detail: 'nobody has that name', code: 'refused' }))).toBe('Hiện không làm được việc này. nobody has that name')
  expect(explain(new Problem(422, 'Hãy chọn nơi bảo trì.', ''))).toBe('Hãy chọn nơi bảo trì.')
})

test.each([
  [400, 'Máy chủ không đọc được nội dung gửi lên.'],
  [403, 'Vai trò của bạn không được làm việc này.'],
  [404, 'Không tìm thấy, hoặc ngoài địa bàn của bạn.'],
  [413, 'Nội dung gửi lên quá lớn.'],
  [429, 'Máy chủ đang bận; thử lại sau 5 giây.'],
  [500, 'Máy chủ gặp lỗi. Quản trị viên có thể xem nguyên nhân trong nhật ký của dịch vụ.'],
  [502, 'Không liên lạc được với máy chủ. Kiểm tra mạng; dữ liệu đang hiển thị có thể đã cũ.'],
  [503, 'Máy chủ đang bận; thử lại sau 5 giây.'],
])('a proxy before the service that answers %d is understood too', async (status, text) => {
  const problem = await problemOf(new Response('<h1>nginx</h1>', { status, statusText: 'Some English', headers: { 'Content-Type': 'text/html' } }))
  expect(explain(problem)).toBe(text)
})
