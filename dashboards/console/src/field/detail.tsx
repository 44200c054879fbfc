// One alert on the phone: what, where, since when, what next, and the buttons for it.
import { useEffect, useState } from 'preact/hooks'
import { Problem, answer, api } from '../api/client'
import { ago, dateTime, duration } from '../format'
import { fromLocal, toLocal } from '../localtime'
import { longestMS, maxText, spans, untilIn } from '../pages/alerts/acting'
import { type Alert, holds } from '../pages/alerts/book'
import { Guide } from '../pages/alerts/guide'
import { type Step, Timeline } from '../pages/alerts/timeline'
import { placeOf, severityText, severityTone, textOf, titleOf } from '../pages/alerts/titles'
import { Badge, Progress, explain, toast } from '../ui'
import { words } from '../words'
import { coordinates, directions, webMap } from './directions'
import { Hands, areaName } from './list'
import { acts, enqueue, known, now, reach } from './state'
import { Outbound, Status } from './status'
import { alertHash } from './view'

const w = words({
  vi: {
    back: '‹ Danh sách', go: 'Chỉ đường', web: 'Bản đồ trên web', copy: 'Chép tọa độ', copied: 'Đã chép tọa độ.', since: 'Từ', place: 'Nơi', next: 'Việc cần làm', over: 'Đã hết', overHow: 'Cảnh báo này đã hết.', gone: 'Không tìm thấy cảnh báo này trên máy; cần có mạng để tải.',
    acknowledge: 'Nhận xử lý', longer: 'Nhận thêm thời gian', others: 'Cùng nguyên nhân', howLong: 'Bạn nhận xử lý trong bao lâu? Hết hạn mà chưa xong, hệ thống sẽ báo lại.', other: 'Đến lúc khác', until: 'Đến (giờ Việt Nam)', take: 'Nhận', release: 'Thôi xử lý', cancel: 'Hủy', note: 'Ghi chú', noteHow: 'Đã thấy gì, đã làm gì?', save: 'Lưu ghi chú',
    saved: 'Đã ghi lại, đang gửi.', full: 'Không lưu được trên máy này; hãy giữ trang mở và thử lại khi có mạng.', wrong: 'Hãy chọn thời điểm ở tương lai, trong vòng 7 ngày.', history: 'Diễn biến', historyOff: 'Cần có mạng để xem diễn biến.', mayNot: 'Tài khoản của bạn chỉ xem được.', until2: (who: string, t: string) => `${who} đang xử lý đến ${t}`,
  },
  en: {
    back: '‹ List', go: 'Directions', web: 'Map on the web', copy: 'Copy the position', copied: 'Position copied.', since: 'Since', place: 'Place', next: 'What to do', over: 'Over', overHow: 'This alert is over.', gone: 'This alert is not on the phone; a network is needed to load it.',
    acknowledge: 'Acknowledge', longer: 'Take it for longer', others: 'Of the same cause', howLong: 'For how long do you take it? If it is not done by then, people are told again.', other: 'Until another time', until: 'Until (Vietnam)', take: 'Take it', release: 'Release', cancel: 'Cancel', note: 'Note', noteHow: 'What did you find, what did you do?', save: 'Save the note',
    saved: 'Kept; being sent.', full: 'It could not be kept on this phone; leave the page open and try again with a network.', wrong: 'Choose a time in the future, within 7 days.', history: 'History', historyOff: 'The history needs a network.', mayNot: 'Your account may only look.', until2: (who: string, t: string) => `${who} works on it until ${t}`,
  },
})

/** The alert as it is known, or as the service remembers it when it is no longer open. */
function useAlert(id: string): { alert: Alert | undefined; problem: Problem | undefined } {
  const here = known.value?.alerts.find((a) => a.id === id)
  const [asked, set] = useState<{ alert?: Alert; problem?: Problem }>({})
  const missing = here === undefined
  useEffect(() => {
    if (!missing || reach.value !== 'there') return
    answer(api.GET('/api/v1/alerts/{id}', { params: { path: { id } }, signal: AbortSignal.timeout(20_000) })).then(
      (alert) => set({ alert }),
      (e: unknown) => set({ problem: e instanceof Problem ? e : new Problem(0, 'offline', '') }),
    )
  }, [id, missing, reach.value])
  return { alert: here ?? asked.alert, problem: here ? undefined : asked.problem }
}

export function Detail({ id }: { id: string }) {
  const { alert, problem } = useAlert(id)
  return (
    <main class="page field" id="main" tabIndex={-1}>
      <header>
        <a class="button large" href="#">{w().back}</a>
      </header>
      <Status />
      <Outbound />
      {alert ? <About alert={alert} /> : problem ? <p class="note warn">{explain(problem)}</p> : reach.value === 'lost' ? <p class="note warn">{w().gone}</p> : <Progress />}
    </main>
  )
}

function About({ alert }: { alert: Alert }) {
  const h = alert.handling
  const next = textOf(alert, 'next_step')
  const over = alert.resolved !== undefined
  return (
    <>
      <section class={`card incident ${alert.severity}`} data-testid="detail" data-alert={alert.id}>
        <div class="row">
          <Badge tone={severityTone(alert.severity)}>{severityText(alert.severity)}</Badge>
          {over && <Badge tone="good">{w().over}</Badge>}
          <Hands alert={alert} />
        </div>
        <h1>{titleOf(alert)}</h1>
        <dl class="facts">
          <dt>{w().place}</dt>
          <dd>{placeOf(alert, areaName)}</dd>
          <dt>{w().since}</dt>
          <dd>{alert.since ? `${dateTime(alert.since)} (${ago(alert.since, now.value)})` : '—'}</dd>
        </dl>
        <p>{textOf(alert, 'description')}</p>
        {h && holds(h, now.value) && <p>{w().until2(h.acknowledged_by ?? '', dateTime(h.acknowledged_until))}</p>}
        {next && <div class="note"><strong>{w().next}:</strong> {next}</div>}
      </section>
      <Others alert={alert} />
      <Way alert={alert} />
      {over ? <p class="note">{w().overHow}</p> : acts() ? <Acting alert={alert} /> : <p class="quiet">{w().mayNot}</p>}
      {acts() && <NoteForm alert={alert} />}
      <Guide alert={alert} />
      <History alert={alert} />
    </>
  )
}

/** What else people were told of the same cause. */
function Others({ alert }: { alert: Alert }) {
  const list = (known.value?.alerts ?? []).filter((a) => a.told && a.incident !== undefined && a.incident === alert.incident && a.id !== alert.id)
  if (list.length === 0) return null
  return (
    <section class="card">
      <h2>{w().others}</h2>
      {list.slice(0, 20).map((a) => (
        <a key={a.id} class="button large" href={alertHash(a.id)}>
          {titleOf(a)}
        </a>
      ))}
    </section>
  )
}

/** How to get there. */
function Way({ alert }: { alert: Alert }) {
  const { lat, lon } = alert
  if (lat === undefined || lon === undefined) return null
  const copy = () => navigator.clipboard?.writeText(coordinates(lat, lon)).then(() => toast(w().copied))
  return (
    <div class="stack">
      <a class="button large main wide" href={directions(lat, lon, placeOf(alert, areaName), navigator.userAgent)} data-testid="directions">
        {w().go}
      </a>
      <div class="row">
        <a class="button large" href={webMap(lat, lon)} target="_blank" rel="noopener noreferrer">{w().web}</a>
        <button type="button" class="large" onClick={() => void copy()}>{coordinates(lat, lon)}<span class="visually-hidden">: {w().copy}</span></button>
      </div>
    </div>
  )
}

/** Keeps an act, or says that it could not be kept. */
function kept(run: () => void): boolean {
  try {
    run()
    toast(w().saved)
    return true
  } catch {
    toast(w().full, 'critical')
    return false
  }
}

function Acting({ alert }: { alert: Alert }) {
  const [asking, ask] = useState(false)
  const held = holds(alert.handling, now.value)
  const take = (until: string) => kept(() => enqueue(alert, 'acknowledge', { until })) && ask(false)
  return (
    <div class="stack">
      {!asking && (
        <button type="button" class={held ? 'large wide' : 'large main wide'} data-testid="acknowledge" onClick={() => ask(true)}>
          {held ? w().longer : w().acknowledge}
        </button>
      )}
      {asking && (
        <section class="card" aria-label={w().acknowledge}>
          <p>{w().howLong}</p>
          <div class="choices">
            {spans.map((s) => (
              <button key={s.minutes} type="button" class="large" data-testid={`for-${s.minutes}`} onClick={() => take(untilIn(s.minutes, Date.now()))}>
                {duration(s.minutes * 60)}
              </button>
            ))}
          </div>
          <UntilForm take={take} />
          <button type="button" class="large" onClick={() => ask(false)}>{w().cancel}</button>
        </section>
      )}
      {held && !asking && (
        <button type="button" class="large wide" data-testid="release" onClick={() => kept(() => enqueue(alert, 'release', {}))}>
          {w().release}
        </button>
      )}
    </div>
  )
}

function UntilForm({ take }: { take: (until: string) => void }) {
  const [opened] = useState(Date.now)
  const submit = (e: SubmitEvent) => {
    e.preventDefault()
    const t = fromLocal(String(new FormData(e.currentTarget as HTMLFormElement).get('until')))
    const ahead = t ? t.getTime() - Date.now() : 0
    if (t && ahead > 0 && ahead <= longestMS) take(t.toISOString())
    else toast(w().wrong, 'critical')
  }
  return (
    <details>
      <summary class="large">{w().other}</summary>
      <form class="stack" onSubmit={submit}>
        <label>
          {w().until}
          <input class="large" type="datetime-local" name="until" required min={toLocal(opened)} max={toLocal(opened + longestMS)} defaultValue={toLocal(opened + 24 * 3600_000)} />
        </label>
        <button type="submit" class="large main">{w().take}</button>
      </form>
    </details>
  )
}

function NoteForm({ alert }: { alert: Alert }) {
  const [text, set] = useState('')
  const submit = (e: Event) => {
    e.preventDefault()
    if (text.trim() !== '' && kept(() => enqueue(alert, 'comment', { text: text.trim() }))) set('')
  }
  return (
    <form class="stack" onSubmit={submit}>
      <label>
        {w().note}
        <textarea value={text} maxLength={maxText / 2} placeholder={w().noteHow} data-testid="note" onInput={(e) => set(e.currentTarget.value)} />
      </label>
      <button type="submit" class="large wide" disabled={text.trim() === ''} data-testid="save-note">
        {w().save}
      </button>
    </form>
  )
}

function History({ alert }: { alert: Alert }) {
  const [steps, set] = useState<readonly Step[]>()
  useEffect(() => {
    if (reach.value !== 'there') return
    const stop = new AbortController()
    answer(api.GET('/api/v1/alerts/{id}/history', { params: { path: { id: alert.id } }, signal: stop.signal })).then(set, () => undefined)
    return () => stop.abort()
    // Each change of the alert is another object.
  }, [alert, reach.value])
  return (
    <section class="card">
      <h2>{w().history}</h2>
      {steps ? <Timeline steps={steps} /> : reach.value === 'there' ? <Progress /> : <p class="quiet">{w().historyOff}</p>}
    </section>
  )
}
