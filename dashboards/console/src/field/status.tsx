// Whether what is shown is true now, and what waits to be sent.
import { line } from '../api/live'
import { ago, clock } from '../format'
import { moment } from '../pages/alerts/moment'
import { sentence } from '../reasons'
import { explain } from '../ui'
import { words } from '../words'
import { stepWords } from './actwords'
import { expired, type Waiting } from './outbox'
import { flush, known, now, outbox, problem, reach, refresh, waiting } from './state'

const w = words({
  vi: {
    live: 'Trực tiếp', asking: 'Đang hỏi máy chủ…', there: (t: string) => `Cập nhật lúc ${t}`, lost: 'Mất kết nối', old: (t: string, age: string) => `Đang xem dữ liệu lúc ${t} (${age}).`, none: 'Chưa có dữ liệu nào trên máy này.', later: 'Việc bạn làm được giữ lại và tự gửi khi có mạng.',
    again: 'Thử lại', waiting: (n: number) => `${n} việc chờ gửi`, sendNow: 'Gửi ngay', refused: 'Máy chủ không nhận', expired: 'đã hết hạn trước khi gửi được', seen: 'Đã hiểu',
  },
  en: {
    live: 'Live', asking: 'Asking the service…', there: (t: string) => `As of ${t}`, lost: 'No connection', old: (t: string, age: string) => `You see what was known at ${t} (${age}).`, none: 'Nothing is kept on this phone yet.', later: 'What you do is kept and sent by itself when there is a network.',
    again: 'Try again', waiting: (n: number) => `${n} waiting to be sent`, sendNow: 'Send now', refused: 'The service did not take', expired: 'it was over before it could be sent', seen: 'Understood',
  },
})

export function Status() {
  const s = known.value
  if (reach.value === 'lost') {
    return (
      <div class="note warn" role="status" data-testid="offline">
        <strong>{w().lost}.</strong> {s ? w().old(moment(s.at, now.value), ago(s.at, now.value)) : w().none} {problem.value ? explain(problem.value) : w().later}
        <button class="large" type="button" onClick={() => void refresh()}>
          {w().again}
        </button>
      </div>
    )
  }
  const text = reach.value === 'asking' ? w().asking : s ? w().there(clock(s.at)) : ''
  return (
    <p class="quiet state" role="status" data-testid="state">
      {line.value === 'live' && <span class="dot">{w().live}{text && ' · '}</span>}{text}
      {reach.value === 'asking' && s && <> {w().old(moment(s.at, now.value), ago(s.at, now.value))}</>}
    </p>
  )
}

export function Outbound() {
  const list = waiting.value
  const good = list.filter((e) => e.refused === undefined)
  return (
    <>
      {good.length > 0 && (
        <div class="note" role="status" data-testid="outbox">
          <strong>{w().waiting(good.length)}</strong>
          <ul class="bare">
            {good.map((e) => (
              <li key={e.id}>{about(e)}</li>
            ))}
          </ul>
          <button class="large" type="button" onClick={() => void flush()}>
            {w().sendNow}
          </button>
        </div>
      )}
      {list.map(
        (e) =>
          e.refused !== undefined && (
            <div key={e.id} class="note bad" role="alert" data-testid="refused">
              <strong>{w().refused}:</strong> {about(e)}: {e.refused === expired ? w().expired : (sentence(e.reason ?? {}) ?? e.refused)}
              <button class="large" type="button" onClick={() => outbox.forget(e.id)}>
                {w().seen}
              </button>
            </div>
          ),
      )}
    </>
  )
}

const about = (e: Waiting) => `${stepWords(e)} — ${e.title}`
