// What states, acts and answers of a gap case are called.
import type { Schemas } from '../../api/client'
import type { Tone } from '../../ui'
import { words } from '../../words'

export type Case = Schemas['Case']
export type State = Case['state']
export type Resolution = NonNullable<Case['resolution']>
export type StrikeReason = Schemas['Strike']['reason']

export const states: readonly State[] = ['open', 'sent', 'answered', 'retest', 'disputed', 'closed']
export const reasons: readonly StrikeReason[] = ['outage', 'device', 'event', 'load', 'throttled', 'roaming', 'fault']

export const stateTone: Record<State, Tone> = { open: 'warning', sent: 'info', answered: 'high', retest: 'info', disputed: 'critical', closed: 'good' }

export const caseWords = words({
  vi: {
    state: { open: 'mới lập', sent: 'đã gửi nhà mạng', answered: 'nhà mạng đã trả lời', retest: 'đang đo lại', disputed: 'chưa thống nhất', closed: 'đã khép' },
    step: { open: 'Lập hồ sơ', sent: 'Gửi nhà mạng', answered: 'Nhà mạng trả lời', retest: 'Đo lại', disputed: 'Chưa thống nhất', closed: 'Khép hồ sơ' },
    resolution: { repaired: 'đã khắc phục', rebutted: 'nhà mạng chứng minh có sóng', restored: 'không còn đủ bằng chứng', withdrawn: 'rút lại' },
    resolutionMeans: {
      repaired: 'Chỉ các phép đo từ ngày đo lại chứng minh: không ô nào còn xấu và có ô đã tốt lên. Phép đo cũ hơn thôi được tính.',
      rebutted: 'Ở mọi ô, số phép đo đạt tốc độ đủ ngưỡng phản biện.',
      restored: 'Không ô nào còn được chứng minh là xấu, cũng chưa chứng minh là tốt.',
      withdrawn: 'Hồ sơ lập nhầm; không cần bằng chứng.',
    },
    answer: { concedes: 'thừa nhận, sẽ khắc phục', contests: 'phản đối' },
    reason: { outage: 'sự cố hoặc bảo trì trạm', device: 'thiết bị không hỗ trợ băng tần/công nghệ', event: 'sự kiện bất thường', load: 'tải vượt xa thiết kế', throttled: 'gói cước bị giới hạn tốc độ', roaming: 'khách chuyển vùng hoặc mạng ảo', fault: 'đầu đo bị lỗi (tỉnh tự sửa)' },
    next: {
      send: 'Đầu mối viễn thông: xem bằng chứng rồi gửi nhà mạng', answer: 'Nhà mạng: trả lời trước hạn', repair: 'Nhà mạng: khắc phục trước hạn, sau đó đầu mối yêu cầu đo lại',
      decide: 'Đầu mối viễn thông: xem lý do phản đối, yêu cầu đo lại hoặc giữ ý kiến', measure: 'Đội đo hiện trường: đo lại trước hạn', settle: 'Đầu mối viễn thông: đo lại, gửi lại hoặc khép hồ sơ', nobody: 'Không còn việc',
    },
  },
  en: {
    state: { open: 'open', sent: 'sent to the operator', answered: 'answered', retest: 'being re-tested', disputed: 'disputed', closed: 'closed' },
    step: { open: 'Opened', sent: 'Sent', answered: 'Answered', retest: 'Re-test', disputed: 'Disputed', closed: 'Closed' },
    resolution: { repaired: 'repaired', rebutted: 'rebutted by the operator', restored: 'evidence no longer suffices', withdrawn: 'withdrawn' },
    resolutionMeans: {
      repaired: 'The tests since the re-test prove by themselves that no cell is bad and at least one is better. Older tests then count no more.',
      rebutted: 'In every cell the tests that reach the target meet the thresholds of a rebuttal.',
      restored: 'No cell is proven bad any more, and none need be proven good.',
      withdrawn: 'Opened by mistake; no evidence is needed.',
    },
    answer: { concedes: 'concedes, will repair', contests: 'contests' },
    reason: { outage: 'outage or maintenance of the site', device: 'device lacks the band or technology', event: 'uncommon special event', load: 'load far above what was planned for', throttled: 'throttled data plan', roaming: "roaming or virtual operator's customer", fault: "faulty probe (the province's own correction)" },
    next: {
      send: 'Liaison: look at the evidence, then send it', answer: 'Operator: answer in time', repair: 'Operator: repair in time, then the liaison asks for a re-test',
      decide: 'Liaison: look at the objection, ask for a re-test or dispute it', measure: 'Field staff: measure again in time', settle: 'Liaison: re-test, send again or close', nobody: 'Nothing is left to do',
    },
  },
})
