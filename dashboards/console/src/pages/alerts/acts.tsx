// The dialogs in which people say what they do about alerts.
import { useRef, useState } from 'preact/hooks'
import { Problem } from '../../api/client'
import { duration } from '../../format'
import { fromLocal, toLocal } from '../../localtime'
import { session } from '../../session'
import { ActForm, Dialog, explain, toast } from '../../ui'
import { words } from '../../words'
import { type ActBody, type Action, act, actID, longestMS, maxText, spans, untilIn } from './acting'
import type { Alert } from './book'
import { titleOf } from './titles'

const w = words({
  vi: {
    acknowledge: 'Nhận xử lý', release: 'Thôi xử lý', assign: 'Giao việc', comment: 'Ghi chú', cancel: 'Hủy', save: 'Lưu',
    howLong: 'Nhận trong bao lâu? Hết hạn mà chưa xong, hệ thống sẽ báo lại.', until: 'Đến lúc', untilTime: 'Thời điểm (giờ Việt Nam)', note: 'Ghi chú (nếu có)', what: 'Đã thấy gì, đã làm gì?',
    to: 'Giao cho ai?', toHelp: 'Để trống: không giao cho ai.', me: 'Giao cho tôi',
    many: (n: number) => `Áp dụng cho ${n} cảnh báo của sự cố này.`, missing: 'Hãy chọn thời điểm ở tương lai, trong vòng 7 ngày.',
    acknowledged: 'Đã nhận xử lý.', released: 'Đã thôi xử lý; cảnh báo sẽ được báo lại.', assigned: 'Đã giao việc.', commented: 'Đã ghi.',
  },
  en: {
    acknowledge: 'Acknowledge', release: 'Release', assign: 'Assign', comment: 'Comment', cancel: 'Cancel', save: 'Save',
    howLong: 'For how long? If it is not done by then, people are told again.', until: 'Until', untilTime: 'Time (Vietnam)', note: 'Note (if any)', what: 'What did you find, what did you do?',
    to: 'To whom?', toHelp: 'Empty: to nobody.', me: 'To me',
    many: (n: number) => `For the ${n} alerts of this incident.`, missing: 'Choose a time in the future, within 7 days.',
    acknowledged: 'Acknowledged.', released: 'Released; people are told again.', assigned: 'Assigned.', commented: 'Noted.',
  },
})

interface Props {
  /** Most often one; of an incident all that people were told of. */
  alerts: readonly Alert[]
  close: () => void
}

/** Does the same for each alert. The same said again has the same ids, so a repetition after a failure is harmless. */
function useActing(alerts: readonly Alert[], action: Action) {
  const said = useRef(new Map<string, ActBody>())
  return async (key: string, body: () => ActBody) => {
    const kept = said.current.get(key) ?? { ...body(), id: actID() }
    said.current.set(key, kept)
    for (const a of alerts) await act(a.id, action, kept)
  }
}

function Subject({ alerts }: { alerts: readonly Alert[] }) {
  return (
    <p>
      <strong>{alerts[0] && titleOf(alerts[0])}</strong>
      {alerts.length > 1 && <span class="quiet"> {w().many(alerts.length)}</span>}
    </p>
  )
}

export function AcknowledgeDialog({ alerts, close }: Props) {
  const send = useActing(alerts, 'acknowledge')
  const [span, choose] = useState('120')
  const [opened] = useState(Date.now)
  return (
    <Dialog title={w().acknowledge} close={close}>
      <Subject alerts={alerts} />
      <ActForm
        submit={w().acknowledge}
        cancel={close}
        done={() => (toast(w().acknowledged), close())}
        act={(form) => {
          const text = String(form.get('text') ?? '').trim()
          const typed = fromLocal(String(form.get('until') ?? ''))
          const ahead = typed ? typed.getTime() - Date.now() : 0
          if (span === 'until' && (!typed || ahead <= 0 || ahead > longestMS)) return Promise.reject(new Problem(422, w().missing, ''))
          return send(`${span} ${String(typed)} ${text}`, () => ({ until: span === 'until' ? typed!.toISOString() : untilIn(Number(span), Date.now()), text }))
        }}
      >
        <fieldset class="plain stack">
          <legend>{w().howLong}</legend>
          <div class="row">
            {spans.map((s) => (
              <label key={s.minutes} class="inline">
                <input type="radio" name="span" value={s.minutes} checked={span === String(s.minutes)} onChange={() => choose(String(s.minutes))} /> {duration(s.minutes * 60)}
              </label>
            ))}
            <label class="inline">
              <input type="radio" name="span" value="until" checked={span === 'until'} onChange={() => choose('until')} /> {w().until}
            </label>
          </div>
          {span === 'until' && (
            <label>
              {w().untilTime}
              <input type="datetime-local" name="until" required min={toLocal(opened)} max={toLocal(opened + longestMS)} defaultValue={toLocal(opened + 24 * 3600_000)} />
            </label>
          )}
        </fieldset>
        <label>
          {w().note}
          <textarea name="text" maxLength={maxText / 2} />
        </label>
      </ActForm>
    </Dialog>
  )
}

export function CommentDialog({ alerts, close }: Props) {
  const send = useActing(alerts, 'comment')
  return (
    <Dialog title={w().comment} close={close}>
      <Subject alerts={alerts} />
      <ActForm
        submit={w().save}
        cancel={close}
        done={() => (toast(w().commented), close())}
        act={(form) => {
          const text = String(form.get('text')).trim()
          return send(text, () => ({ text }))
        }}
      >
        <label>
          {w().what}
          <textarea name="text" required maxLength={maxText / 2} />
        </label>
      </ActForm>
    </Dialog>
  )
}

export function AssignDialog({ alerts, close, people }: Props & { people: readonly string[] }) {
  const send = useActing(alerts, 'assign')
  const [to, set] = useState(alerts[0]?.handling?.assignee ?? '')
  const me = session.value?.name
  return (
    <Dialog title={w().assign} close={close}>
      <Subject alerts={alerts} />
      <ActForm submit={w().assign} cancel={close} done={() => (toast(w().assigned), close())} act={() => send(to.trim(), () => ({ to: to.trim() }))}>
        <label>
          {w().to}
          <input name="to" list="people" maxLength={64} value={to} onInput={(e) => set(e.currentTarget.value)} autocomplete="off" />
        </label>
        <datalist id="people">
          {people.map((p) => (
            <option key={p} value={p} />
          ))}
        </datalist>
        <div class="row">
          <span class="quiet">{w().toHelp}</span>
          {me && (
            <button type="button" onClick={() => set(me)}>
              {w().me}
            </button>
          )}
        </div>
      </ActForm>
    </Dialog>
  )
}

export type Opened = 'acknowledge' | 'assign' | 'comment'

/** The dialog that is open, if one is. */
export function ActDialog({ which, people, ...props }: Props & { which: Opened | undefined; people: readonly string[] }) {
  if (which === 'acknowledge') return <AcknowledgeDialog {...props} />
  if (which === 'assign') return <AssignDialog {...props} people={people} />
  if (which === 'comment') return <CommentDialog {...props} />
  return null
}

interface ButtonProps {
  alerts: readonly Alert[]
  open: (which: Opened) => void
  acknowledged: boolean
  /** What is over can only be commented on. */
  over?: boolean
}

/** The buttons for who may work on alerts. */
export function ActButtons({ alerts, open, acknowledged, over }: ButtonProps) {
  const send = useActing(alerts, 'release')
  const [busy, set] = useState(false)
  const release = () => {
    set(true)
    send(String(Date.now()), () => ({}))
      .then(
        () => toast(w().released),
        (e: Problem) => toast(explain(e), 'critical'),
      )
      .finally(() => set(false))
  }
  const comment = (
    <button type="button" data-testid="comment" onClick={() => open('comment')}>
      {w().comment}
    </button>
  )
  if (over) return comment
  return (
    <>
      <button type="button" class={acknowledged ? undefined : 'main'} data-testid="acknowledge" onClick={() => open('acknowledge')}>
        {w().acknowledge}
      </button>
      {acknowledged && (
        <button type="button" disabled={busy} data-testid="release" onClick={release}>
          {w().release}
        </button>
      )}
      <button type="button" data-testid="assign" onClick={() => open('assign')}>
        {w().assign}
      </button>
      {comment}
    </>
  )
}
