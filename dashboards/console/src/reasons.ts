// Why something is refused, in the language of the reader: a sentence for each code of the API, of
// its parameters. docs/API.md says what they are; a code without a sentence does not compile.
import type { Schemas } from './api/client'
import { dateTime, number } from './format'
import { caseWords } from './pages/cases/words'
import { operatorName } from './ui/operators'
import { language, words } from './words'

export type Code = Schemas['Code']

/** Why something is refused, as the service says it. */
export interface Reason {
  code?: string
  params?: Readonly<Record<string, string>>
}

type Param = (name: string) => string
type Sentences = Record<Code, string | ((p: Param) => string)>

const names = words({
  vi: {
    field: { who: 'người thực hiện', to: 'người được giao', owner: 'người chịu trách nhiệm', reason: 'lý do', text: 'ghi chú', note: 'ghi chú', from: 'thời điểm bắt đầu', until: 'thời điểm kết thúc', due: 'hạn', name: 'tên', day: 'ngày', month: 'tháng', cells: 'ô', resolution: 'kết quả' },
    act: { send: 'gửi nhà mạng', answer: 'ghi trả lời của nhà mạng', 're-test': 'yêu cầu đo lại', dispute: 'ghi nhận chưa thống nhất', close: 'khép', reopen: 'mở lại' },
    bad: { dead: 'lõm sóng', gap: 'chưa đạt' },
  },
  en: {
    field: { who: 'who does it', to: 'to whom', owner: 'the owner', reason: 'the reason', text: 'the note', note: 'the note', from: 'the beginning', until: 'the end', due: 'the time limit', name: 'the name', day: 'the day', month: 'the month', cells: 'the cells', resolution: 'the result' },
    act: { send: 'sent', answer: 'answered', 're-test': 'tested again', dispute: 'disputed', close: 'closed', reopen: 'reopened' },
    bad: { dead: 'dead', gap: 'a gap' },
  },
})

/** The word for one of several, or what the service calls it. */
const named = (list: object, name: string): string => (list as Record<string, string>)[name] ?? name
const fieldName = (path: string) => named(names().field, path.split('.').at(-1)!.replace(/\[\d+\]$/, ''))
const fields = (list: string) => (list === '' || list === 'body' ? '' : `: ${[...new Set(list.split(',').map(fieldName))].join(', ')}`)
const capital = (s: string) => s.charAt(0).toUpperCase() + s.slice(1)
const field = (p: Param) => capital(fieldName(p('field')))
const amount = (p: Param, name: string) => number(Number(p(name)))
const time = (p: Param, name: string) => (Number.isNaN(Date.parse(p(name))) ? p(name) : dateTime(p(name)))
const state = (p: Param) => named(caseWords().state, p('state'))
const result = (p: Param) => named(caseWords().resolution, p('resolution'))

const vi: Sentences = {
  invalid: (p) => `Yêu cầu chưa hợp lệ${fields(p('fields'))}.`,
  forbidden: 'Vai trò của bạn không được làm việc này.',
  'other-areas': 'Nơi đó không thuộc địa bàn của bạn.',
  'not-found': 'Không tìm thấy, hoặc ngoài địa bàn của bạn.',
  refused: 'Hiện không làm được việc này.',
  'changed-meanwhile': 'Có người vừa thay đổi cùng lúc. Hãy xem lại rồi thử lại.',
  'too-large': 'Nội dung gửi lên quá lớn.',
  'too-many-requests': 'Bạn gửi yêu cầu quá nhanh; hãy đợi một chút rồi thử lại.',
  'not-ready': 'Máy chủ chưa sẵn sàng; hãy thử lại sau ít phút.',
  crowded: 'Quá nhiều người đang theo dõi trực tiếp; hãy thử lại sau.',
  'took-too-long': 'Máy chủ xử lý quá lâu; hãy thử lại.',
  internal: 'Máy chủ gặp lỗi. Quản trị viên có thể xem nguyên nhân trong nhật ký của dịch vụ.',
  'until-needed': 'Hãy chọn thời điểm hết hạn nhận xử lý.',
  'window-place': 'Hãy chọn một thiết bị, một điểm hoặc một địa bàn có trong danh mục.',
  'case-subject': 'Hãy chọn một vùng, hoặc các ô và nhà mạng.',
  'replay-choice': 'Hãy chọn các bản tin cần xử lý lại, hoặc chọn tất cả.',
  'api-off': 'Chưa có tài khoản nào nên không vào được. Quản trị viên: tạo tài khoản bằng lệnh phusong accounts add và khai báo tệp của chúng ở access.accounts_file.',
  'log-in': 'Phiên đăng nhập đã hết; hãy đăng nhập lại.',
  'wrong-password': 'Tên hoặc mật khẩu không đúng.',
  'too-many-logins': (p) => `Đăng nhập sai quá nhiều lần; hãy đợi ${amount(p, 'seconds')} giây rồi thử lại.`,
  'no-accounts': 'Đây là bản trình diễn, không cần đăng nhập.',
  'session-changed': 'Phiên đăng nhập đã đổi; hãy tải lại trang.',
  'foreign-page': 'Trang web khác không được thay đổi dữ liệu ở đây.',
  'loopback-only': 'Bản trình diễn chỉ mở được trên chính máy này (localhost).',
  'not-recorded': 'Máy chủ không ghi được nhật ký thay đổi nên hiện không nhận thay đổi nào; hãy báo quản trị viên.',
  unreadable: 'Máy chủ không đọc được nội dung gửi lên.',
  'wrong-method': 'Máy chủ không có thao tác này.',
  'act-time': 'Thời điểm thực hiện không hợp lệ.',
  'alert-action': 'Không có thao tác này với cảnh báo.',
  'alert-no-span': (p) => `Thời điểm hết hạn nhận xử lý phải sau ${time(p, 'after')}.`,
  'alert-not-in-hand': 'Không có ai đang xử lý cảnh báo này.',
  'alert-too-long': (p) => `Mỗi lần chỉ nhận xử lý tối đa ${amount(p, 'days')} ngày; việc lâu hơn hãy thông báo bảo trì.`,
  'case-answer': 'Nhà mạng chỉ có thể thừa nhận hoặc phản đối.',
  'case-bad-cell': (p) => `Ô ${p('cell')} vẫn được chứng minh là ${named(names().bad, p('verdict'))}.`,
  'case-before-trail': (p) => `Thời điểm ${time(p, 'at')} sớm hơn mục cuối của hồ sơ (${time(p, 'last')}).`,
  'case-coverage-not-shown': (p) => `Mới chứng minh được có sóng ở ${amount(p, 'shown')} trên ${amount(p, 'cells')} ô; cần đủ mọi ô.`,
  'case-incomplete': 'Hồ sơ cần có nhà mạng và ít nhất một ô.',
  'case-no-evidence': (p) => `Khép với kết quả “${result(p)}” cần bằng chứng mới ở mọi ô của hồ sơ.`,
  'case-not-better': 'Chưa ô nào được chứng minh là đã tốt lên. Hãy đo thêm, hoặc khép với kết quả “không còn đủ bằng chứng”.',
  'case-other-evidence': 'Bằng chứng này là của ô khác hoặc nhà mạng khác.',
  'case-reopen-reason': 'Hãy ghi lý do mở lại hồ sơ.',
  'case-resolution': 'Không có kết quả nào như vậy để khép hồ sơ.',
  'case-state': (p) => `Hồ sơ đang ở trạng thái “${state(p)}” nên không thể ${named(names().act, p('action'))}.`,
  'case-strike-reason': (p) => `Lý do loại phép đo ${p('test')} không hợp lệ.`,
  'case-strike-test': (p) => `Phép đo ${p('test')} của ô ${p('cell')} không có trong bằng chứng.`,
  'case-unproven': 'Bằng chứng hiện nay không chứng minh ô nào xấu. Hãy đo thêm.',
  'case-untested': (p) => `Chưa có phép đo nào của ${operatorName(p('operator'))} trong ô ${p('cell')}.`,
  'case-who-and-when': 'Thiếu người thực hiện hoặc thời điểm.',
  'case-zone-taken': (p) => `Vùng này đã có hồ sơ ${p('case')} chưa khép. Hãy tải lại danh sách.`,
  'text-missing': (p) => `Chưa nhập ${fieldName(p('field'))}.`,
  'text-characters': (p) => `${field(p)} có ký tự không hiển thị được.`,
  'text-too-long': (p) => `${field(p)} quá dài: ${amount(p, 'characters')} ký tự, tối đa ${amount(p, 'most')}.`,
  'window-changes': (p) => `Đợt bảo trì này đã được sửa ${amount(p, 'most')} lần; hãy thông báo đợt khác.`,
  'window-exists': 'Đợt bảo trì này đã được thông báo.',
  'window-order': 'Thời điểm kết thúc phải sau thời điểm bắt đầu.',
  'window-over': (p) => `Đợt bảo trì này đã kết thúc lúc ${time(p, 'until')}.`,
  'window-past': (p) => `Thời điểm ${time(p, 'until')} đã qua; hãy kết thúc đợt bảo trì ngay.`,
  'window-scope': 'Hãy chọn một thiết bị, một điểm hoặc một địa bàn.',
  'window-series-long': (p) => `Bảo trì hằng tuần lặp lại tối đa trong ${amount(p, 'days')} ngày.`,
  'window-spans': (p) => `Mỗi tuần có tối đa ${amount(p, 'most')} khung giờ.`,
  'window-times': 'Thời điểm bắt đầu hoặc kết thúc không hợp lệ.',
  'window-too-long': (p) => `Một đợt bảo trì dài tối đa ${amount(p, 'days')} ngày. Thiết bị bỏ lâu hơn thì đánh dấu ngừng dùng trong danh mục.`,
  'window-unknown': 'Không có đợt bảo trì này.',
  'window-weekly': 'Ngày, giờ hoặc độ dài của khung giờ trong tuần không hợp lệ.',
  'window-whole-week': 'Các khung giờ chiếm cả tuần; hãy thông báo một đợt liền, hoặc đánh dấu thiết bị ngừng dùng trong danh mục.',
  'window-zone': (p) => `Không có múi giờ “${p('zone')}”.`,
  'window-zone-for-once': 'Chỉ bảo trì hằng tuần mới có múi giờ.',
}

const en: Sentences = {
  invalid: (p) => `The request is not valid${fields(p('fields'))}.`,
  forbidden: 'Your role may not do this.',
  'other-areas': 'That is not in an area of yours.',
  'not-found': 'Not found, or outside your areas.',
  refused: 'This cannot be done at present.',
  'changed-meanwhile': 'Somebody else changed it at the same moment. Look, and try again.',
  'too-large': 'Too much was sent at once.',
  'too-many-requests': 'You ask too fast; wait a little and try again.',
  'not-ready': 'The service is not ready yet; try again in a few minutes.',
  crowded: 'Too many people listen at present; try again later.',
  'took-too-long': 'The service took too long; try again.',
  internal: 'Something went wrong in the service. An administrator finds the cause in its log.',
  'until-needed': 'Choose until when you take it.',
  'window-place': 'Choose one device, site or area of the registry.',
  'case-subject': 'Choose a zone, or cells and an operator.',
  'replay-choice': 'Choose the messages to process again, or all of them.',
  'api-off': 'Nobody can get in, for there are no accounts. Administrator: make some with phusong accounts add and name their file in access.accounts_file.',
  'log-in': 'Your session is over; log in again.',
  'wrong-password': 'The name or the password is wrong.',
  'too-many-logins': (p) => `Too many attempts to log in; wait ${amount(p, 'seconds')} s and try again.`,
  'no-accounts': 'This is a demonstration: nobody need log in.',
  'session-changed': 'Your session is another one now; load the page again.',
  'foreign-page': 'Another web site may not change anything here.',
  'loopback-only': 'The demonstration can only be opened on this machine itself (localhost).',
  'not-recorded': 'Changes cannot be recorded at present, so none are taken; tell an administrator.',
  unreadable: 'The service could not read what was sent.',
  'wrong-method': 'The service knows no such act.',
  'act-time': 'The time of the act is not valid.',
  'alert-action': 'There is no such act on an alert.',
  'alert-no-span': (p) => `The acknowledgement must end after ${time(p, 'after')}.`,
  'alert-not-in-hand': 'Nobody has this alert in hand.',
  'alert-too-long': (p) => `An alert can be taken for ${amount(p, 'days')} days at most; announce maintenance for what takes longer.`,
  'case-answer': 'An operator concedes or contests.',
  'case-bad-cell': (p) => `Cell ${p('cell')} is still proven to be ${named(names().bad, p('verdict'))}.`,
  'case-before-trail': (p) => `${time(p, 'at')} is before the last entry of the case (${time(p, 'last')}).`,
  'case-coverage-not-shown': (p) => `Coverage is shown in ${amount(p, 'shown')} of ${amount(p, 'cells')} cells; it must be in all.`,
  'case-incomplete': 'A case needs an operator and at least one cell.',
  'case-no-evidence': (p) => `Closing it as “${result(p)}” needs new evidence on all cells of the case.`,
  'case-not-better': 'No cell is proven to be better. Measure more, or close it as “evidence no longer suffices”.',
  'case-other-evidence': 'This evidence is of other cells or another operator.',
  'case-reopen-reason': 'Say why the case is reopened.',
  'case-resolution': 'There is no such result to close a case with.',
  'case-state': (p) => `The case is “${state(p)}”, so it cannot be ${named(names().act, p('action'))}.`,
  'case-strike-reason': (p) => `The reason to strike test ${p('test')} is not valid.`,
  'case-strike-test': (p) => `Test ${p('test')} of cell ${p('cell')} is not in the evidence.`,
  'case-unproven': 'The evidence of today proves nothing bad in any cell. Measure again first.',
  'case-untested': (p) => `Nobody has tested ${operatorName(p('operator'))} in cell ${p('cell')}.`,
  'case-who-and-when': 'It is missing who does it, or when.',
  'case-zone-taken': (p) => `This zone has the case ${p('case')} already, which is not closed. Load the list again.`,
  'text-missing': (p) => `${field(p)} is missing.`,
  'text-characters': (p) => `${field(p)}: a character in it cannot be shown.`,
  'text-too-long': (p) => `${field(p)} is too long: ${amount(p, 'characters')} characters, ${amount(p, 'most')} at most.`,
  'window-changes': (p) => `This work was changed ${amount(p, 'most')} times; announce another.`,
  'window-exists': 'This work is announced already.',
  'window-order': 'The end must come after the beginning.',
  'window-over': (p) => `This work ended at ${time(p, 'until')}.`,
  'window-past': (p) => `${time(p, 'until')} is past; end the work now instead.`,
  'window-scope': 'Choose one device, one site or one area.',
  'window-series-long': (p) => `Weekly work recurs for ${amount(p, 'days')} days at most.`,
  'window-spans': (p) => `A week has ${amount(p, 'most')} spans at most.`,
  'window-times': 'The beginning or the end is no valid time.',
  'window-too-long': (p) => `Work lasts ${amount(p, 'days')} days at most. Mark a device that is out of use for longer as retired in the registry.`,
  'window-unknown': 'There is no such work.',
  'window-weekly': 'A day, a time or a length of the week is not valid.',
  'window-whole-week': 'The spans take the whole week; announce it in one piece, or mark the device as retired in the registry.',
  'window-zone': (p) => `There is no time zone “${p('zone')}”.`,
  'window-zone-for-once': 'Only weekly work has a time zone.',
}

/** The sentence for a reason; undefined for one that this console does not know. */
export function sentence(r: Reason): string | undefined {
  const all: Partial<Record<string, Sentences[Code]>> = language.value === 'vi' ? vi : en
  const s = r.code !== undefined && Object.hasOwn(all, r.code) ? all[r.code] : undefined
  return typeof s === 'function' ? s((name) => r.params?.[name] ?? '') : s
}
