// What one may do to a case: exactly what its state allows, each with what it needs.
import { useState } from 'preact/hooks'
import { answer, api, Problem, type Schemas } from '../../api/client'
import { sentence } from '../../reasons'
import { ActForm, Badge, Dialog, explain, toast } from '../../ui'
import { words } from '../../words'
import type { Review } from './data'
import type { Dossier } from './frozen'
import { type Act, actsOf, dayIn, endOfDay, resolutionsOf } from './life'
import { lacking } from './retest'
import { type Strike, Strikes } from './strikes'
import { type Case, caseWords, type Resolution } from './words'

type Body = Schemas['CaseActBody']

const w = words({
  vi: {
    act: { send: 'Gửi nhà mạng', answer: 'Ghi trả lời của nhà mạng', retest: 'Yêu cầu đo lại', dispute: 'Ghi nhận chưa thống nhất', close: 'Khép hồ sơ', reopen: 'Mở lại', comment: 'Ghi chú' },
    done: { send: 'Đã gửi; bằng chứng được đóng băng', answer: 'Đã ghi trả lời', retest: 'Đã yêu cầu đo lại', dispute: 'Đã ghi nhận', close: 'Đã khép hồ sơ', reopen: 'Đã mở lại', comment: 'Đã ghi chú' },
    note: 'Ghi chú', why: 'Lý do', said: 'Nội dung trả lời (số công văn, cam kết)', due: 'Hạn khắc phục', dueRetest: 'Hạn đo lại', from: 'Tính phép đo từ ngày', answer: 'Nhà mạng', resolution: 'Khép với kết quả', notProven: 'bằng chứng hiện nay chưa cho phép',
    sendMeans: 'Bằng chứng hôm nay được đóng băng, có mã SHA-256, và nhà mạng có 60 ngày để trả lời. Sau khi gửi, tải hồ sơ và chuyển kèm công văn.', notYet: 'Chưa gửi được.',
    sure: { send: 'Tôi đã xem bằng chứng. Việc gửi không rút lại được.', close: 'Tôi xác nhận kết quả này.', answer: 'Phép đo bị loại sẽ không bao giờ được tính lại.' },
    gone: (s: string) => `Trong lúc bạn soạn, hồ sơ đã chuyển sang «${s}»; việc này không còn làm được. Nội dung bạn gõ vẫn còn ở dưới để chép lại.`,
    plan: 'Cần đo ở từng ô, chỉ tính từ hôm nay:', conflict: 'Hồ sơ đã thay đổi trong lúc bạn xem, hoặc bằng chứng không cho phép. Trang đã tải lại; hãy xem rồi thử lại', label: 'Việc có thể làm',
  },
  en: {
    act: { send: 'Send to the operator', answer: "Record the operator's answer", retest: 'Ask for a re-test', dispute: 'Record a dispute', close: 'Close', reopen: 'Reopen', comment: 'Comment' },
    done: { send: 'Sent; the evidence is frozen', answer: 'The answer is recorded', retest: 'A re-test is asked for', dispute: 'The dispute is recorded', close: 'The case is closed', reopen: 'The case is open again', comment: 'Your comment is recorded' },
    note: 'Note', why: 'Reason', said: 'What the operator says (letter, promise)', due: 'To be repaired by', dueRetest: 'To be measured by', from: 'Count tests from', answer: 'The operator', resolution: 'Close as', notProven: 'not allowed by the evidence of today',
    sendMeans: "Today's evidence is frozen and sealed with its SHA-256, and the operator has 60 days to answer. Then save the dossier and send it with your letter.", notYet: 'It cannot be sent yet.',
    sure: { send: 'I have looked at the evidence. Sending cannot be undone.', close: 'I confirm this result.', answer: 'Struck tests never count again.' },
    gone: (s: string) => `While you were writing, the case became “${s}”: this cannot be done any more. What you typed is still below, to be copied.`,
    plan: 'To be measured in each cell, counting from today:', conflict: 'The case changed while you were looking, or the evidence does not allow it. The page was loaded again; look and try again', label: 'What can be done',
  },
})

/** Tests that are struck count never more, a dossier that is sent is sent, a closed case is settled. */
function Sure({ act }: { act: 'send' | 'close' | 'answer' }) {
  return (
    <label class="inline">
      <input type="checkbox" required name="sure" />
      {w().sure[act]}
    </label>
  )
}

function Note({ label, required }: { label: string; required?: boolean }) {
  return (
    <label>
      {label}
      <textarea name="note" maxLength={4000} required={required} />
    </label>
  )
}

function Day({ name, label, value, min, max }: { name: string; label: string; value: string; min?: string; max?: string }) {
  return (
    <label>
      {label}
      <input type="date" name={name} defaultValue={value} min={min} max={max} required />
    </label>
  )
}

interface Props {
  of: Case
  review: Review | undefined
  dossier: Dossier | undefined
}

function Answer({ dossier, struck, strike }: { dossier: Dossier | undefined; struck: Strike[]; strike: (list: Strike[]) => void }) {
  const [said, say] = useState<'concedes' | 'contests'>('concedes')
  const now = Date.now()
  return (
    <>
      <fieldset>
        <legend>{w().answer}</legend>
        {(['concedes', 'contests'] as const).map((a) => (
          <label key={a} class="inline">
            <input type="radio" name="answer" value={a} checked={said === a} onChange={() => say(a)} />
            {caseWords().answer[a]}
          </label>
        ))}
      </fieldset>
      {said === 'concedes' && <Day name="due" label={w().due} value={dayIn(now, 30)} min={dayIn(now, 0)} />}
      <Note label={w().said} required />
      {dossier && <Strikes dossier={dossier} struck={struck} strike={strike} />}
      {struck.length > 0 && <Sure act="answer" />}
    </>
  )
}

function Plan({ review }: { review: Review | undefined }) {
  const now = Date.now()
  return (
    <>
      <Day name="due" label={w().dueRetest} value={dayIn(now, 30)} min={dayIn(now, 0)} />
      {review && review.retest.length > 0 && (
        <div>
          <p>{w().plan}</p>
          <ul class="reasons">
            {review.retest.map((r) => (
              <li key={r.cell}>
                {r.cell}: {lacking(r.further)}
              </li>
            ))}
          </ul>
        </div>
      )}
      <Note label={w().note} />
    </>
  )
}

function Close({ of, review }: Props) {
  const list = resolutionsOf(of.state)
  const possible = (r: Resolution) => r === 'withdrawn' || review?.outlook.some((o) => o.resolution === r && o.possible) === true
  const [how, choose] = useState<Resolution | undefined>(list.find(possible))
  return (
    <>
      <fieldset class="stack">
        <legend>{w().resolution}</legend>
        {list.map((r) => (
          <label key={r} class="inline">
            <input type="radio" name="resolution" value={r} required checked={how === r} disabled={!possible(r) && r !== 'repaired'} onChange={() => choose(r)} />
            <span>
              <strong>{caseWords().resolution[r]}</strong> {!possible(r) && <Badge tone="unknown">{w().notProven}</Badge>}
              <br />
              <span class="quiet">{caseWords().resolutionMeans[r]}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {how === 'repaired' && <Day name="from" label={w().from} value={review?.from ?? dayIn(Date.now(), 0)} max={dayIn(Date.now(), 0)} />}
      <Note label={w().note} />
      <Sure act="close" />
    </>
  )
}

/** What the fields of a form ask the service to do. */
export function bodyOf(act: Act, form: FormData, struck: readonly Strike[]): Body {
  const text = (name: string) => String(form.get(name) ?? '').trim()
  const body: Body = {}
  if (text('note')) body.note = text('note')
  if (text('due')) body.due = endOfDay(text('due'))
  if (act === 'answer') {
    body.answer = text('answer') as 'concedes' | 'contests'
    if (struck.length > 0) body.strikes = [...struck]
  }
  if (act === 'close') {
    body.resolution = text('resolution') as Resolution
    if (text('from')) body.from = text('from')
  }
  return body
}

function Form({ act, changed, close, ...p }: Props & { act: Act; changed: () => void; close: () => void }) {
  const [struck, strike] = useState<Strike[]>([])
  const unproven = act === 'send' ? p.review?.outlook.find((o) => o.action === 'send' && !o.possible) : undefined
  const send = async (form: FormData) => {
    try {
      await answer(api.POST('/api/v1/cases/{id}/{action}', { params: { path: { id: p.of.id, action: act } }, body: bodyOf(act, form, struck) }))
    } catch (e) {
      if (!(e instanceof Problem) || e.status !== 409) throw e
      changed()
      throw new Problem(409, '', w().conflict, [{ message: explain(e) }])
    }
    changed()
    toast(w().done[act])
    close()
  }
  if (unproven) return <p class="note warn">{w().notYet} {sentence(unproven) ?? unproven.why}</p>
  return (
    <ActForm submit={w().act[act]} act={send} cancel={close}>
      {act === 'send' && (
        <>
          <p class="note warn">{w().sendMeans}</p>
          <Note label={w().note} />
          <Sure act="send" />
        </>
      )}
      {act === 'answer' && <Answer dossier={p.dossier} struck={struck} strike={strike} />}
      {act === 'retest' && <Plan review={p.review} />}
      {act === 'close' && <Close {...p} />}
      {(act === 'dispute' || act === 'reopen') && <Note label={w().why} required />}
      {act === 'comment' && <Note label={w().note} required />}
    </ActForm>
  )
}

/** The buttons, and the dialog of the one that was pressed. */
export function Acts({ changed, ...p }: Props & { changed: () => void }) {
  const [act, choose] = useState<Act>()
  const list = actsOf(p.of.state)
  return (
    <>
      <div class="row no-print" role="group" aria-label={w().label}>
        {list.map((a, i) => (
          <button key={a} type="button" class={i === 0 ? 'main' : a === 'close' ? 'danger' : undefined} onClick={() => choose(a)} data-testid={`act-${a}`}>
            {w().act[a]}
          </button>
        ))}
      </div>
      {act && (
        <Dialog title={w().act[act]} close={() => choose(undefined)}>
          {!list.includes(act) && (
            <p class="note warn" role="alert" data-testid="gone">
              {w().gone(caseWords().state[p.of.state])}
            </p>
          )}
          <Form {...p} act={act} changed={changed} close={() => choose(undefined)} />
        </Dialog>
      )}
    </>
  )
}
