// Announces work: where, when, why, and who answers for it.
import { useEffect, useState } from 'preact/hooks'
import { Problem, answer, api } from '../../api/client'
import { useData } from '../../api/data'
import { toLocal } from '../../localtime'
import { session } from '../../session'
import { ActForm, Choice, Dialog, toast } from '../../ui'
import { words } from '../../words'
import { plain } from '../alerts/filters'
import '../alerts/alerts.css'
import { useAreas } from '../alerts/useareas'
import { type Fault, type Scope, type Window, windowOf } from './windows'

const w = words({
  vi: {
    title: 'Thông báo bảo trì', announce: 'Thông báo', done: 'Đã thông báo. Trong thời gian này không ai bị gọi vì nơi đó.', where: 'Bảo trì ở đâu?', area: 'Cả địa bàn', site: 'Một điểm', device: 'Một thiết bị', choose: 'Chọn…', find: 'Gõ tên để tìm',
    which: 'Còn nữa; gõ thêm để thu hẹp.', from: 'Từ (giờ Việt Nam)', until: 'Đến (giờ Việt Nam)', weekly: 'Lặp lại hằng tuần', days: 'Vào các ngày', begin: 'Từ giờ', end: 'Đến giờ', owner: 'Ai chịu trách nhiệm?', reason: 'Lý do',
    subject: 'Hãy chọn nơi bảo trì.', times: 'Hãy nhập đủ thời điểm bắt đầu và kết thúc.', order: 'Kết thúc phải sau bắt đầu.', past: 'Thời gian này đã qua.', long: 'Quá dài: một đợt nhiều nhất 31 ngày. Thiết bị bỏ lâu hơn thì đánh dấu ngừng dùng trong danh mục.', hours: 'Hãy nhập giờ bắt đầu và kết thúc khác nhau.', pickDays: 'Hãy chọn ít nhất một ngày trong tuần.',
    day: { d0: 'CN', d1: 'T2', d2: 'T3', d3: 'T4', d4: 'T5', d5: 'T6', d6: 'T7' },
  },
  en: {
    title: 'Announce maintenance', announce: 'Announce', done: 'Announced. Nobody is called because of that place meanwhile.', where: 'Where?', area: 'A whole area', site: 'A site', device: 'A device', choose: 'Choose…', find: 'Type to search',
    which: 'There are more; type to narrow.', from: 'From (Vietnam)', until: 'Until (Vietnam)', weekly: 'Every week', days: 'On these days', begin: 'From', end: 'Until', owner: 'Who answers for it?', reason: 'Reason',
    subject: 'Choose where.', times: 'Give both beginning and end.', order: 'The end must come after the beginning.', past: 'That time is past.', long: 'Too long: 31 days at most. Mark a device that is out of use for longer as retired in the registry.', hours: 'Give two different times of day.', pickDays: 'Choose at least one day of the week.',
    day: { d0: 'Su', d1: 'Mo', d2: 'Tu', d3: 'We', d4: 'Th', d5: 'Fr', d6: 'Sa' },
  },
})

/** The day of the week, short; 0 is Sunday. */
export const dayText = (d: number): string => w().day[`d${d % 7}` as 'd0']

const faultText = (f: Fault): string => (f === 'days' ? w().pickDays : w()[f])

export interface Named {
  id: string
  name: string
}

const named = (x: { id: string; name?: string }): Named => ({ id: x.id, name: x.name || x.id })

const labelOf = (n: Named): string => (n.name === n.id ? n.id : `${n.name} (${n.id})`)

/** Devices are many: the service looks for them. Sites are few enough to be looked through here. */
export async function find(scope: 'site' | 'device', text: string, signal: AbortSignal): Promise<Named[]> {
  if (scope === 'device') {
    const page = await answer(api.GET('/api/v1/devices', { params: { query: { limit: shown + 1, ...(text ? { q: text } : {}) } }, signal }))
    return page.items.map(named)
  }
  const all: Named[] = []
  let after = ''
  do {
    const page = await answer(api.GET('/api/v1/sites', { params: { query: { limit: 1000, ...(after ? { after } : {}) } }, signal }))
    all.push(...page.items.map(named))
    after = page.next ?? ''
  } while (after !== '')
  return all.sort((a, b) => a.name.localeCompare(b.name, 'vi'))
}

/** More than that nobody reads in a list. */
const shown = 50

/** What may be chosen, and how many there are. */
function useNamed(scope: Scope, text: string): Named[] {
  const areas = useAreas()
  const asked = text.trim()
  const data = useData(scope === 'area' ? undefined : `named ${scope} ${scope === 'device' ? asked : ''}`, (signal) => find(scope as 'site', asked, signal))
  if (scope === 'area') return areas.list.map((a) => ({ id: a.code, name: a.name }))
  return scope === 'device' ? (data.value ?? []) : (data.value ?? []).filter((n) => plain(labelOf(n)).includes(plain(asked)))
}

function Subject({ scope, value, set }: { scope: Scope; value: string; set: (id: string) => void }) {
  const [text, search] = useState('')
  const [chosen, choose] = useState<Named>()
  const found = useNamed(scope, text)
  const list = scope === 'area' ? found : found.slice(0, shown)
  const kept = chosen && chosen.id === value && !list.some((n) => n.id === value) ? chosen : undefined
  return (
    <div class="stack">
      {scope !== 'area' && (
        <label>
          {w().find}
          <input type="search" value={text} onInput={(e) => search(e.currentTarget.value)} />
        </label>
      )}
      <label>
        {w()[scope]}
        <select name="subject" required value={value} data-testid="subject" onChange={(e) => (set(e.currentTarget.value), choose(found.find((n) => n.id === e.currentTarget.value)))}>
          <option value="">{w().choose}</option>
          {kept && <option value={kept.id}>{labelOf(kept)}</option>}
          {list.map((n) => (
            <option key={n.id} value={n.id}>
              {labelOf(n)}
            </option>
          ))}
        </select>
      </label>
      {found.length > list.length && <span class="quiet">{w().which}</span>}
    </div>
  )
}

function Weekly({ weekly, open, days, set }: { weekly: boolean; open: (weekly: boolean) => void; days: readonly number[]; set: (days: number[]) => void }) {
  return (
    <div class="stack">
      <label class="inline">
        <input type="checkbox" checked={weekly} onChange={(e) => (open(e.currentTarget.checked), set([]))} /> {w().weekly}
      </label>
      {weekly && (
        <>
          <fieldset class="plain">
            <legend>{w().days}</legend>
            <div class="row">
              {[1, 2, 3, 4, 5, 6, 0].map((d) => (
                <label key={d} class="inline">
                  <input type="checkbox" checked={days.includes(d)} onChange={(e) => set(e.currentTarget.checked ? [...days, d] : days.filter((x) => x !== d))} /> {dayText(d)}
                </label>
              ))}
            </div>
          </fieldset>
          <div class="row">
            <label>
              {w().begin}
              <input type="time" name="begin" required defaultValue="22:00" />
            </label>
            <label>
              {w().end}
              <input type="time" name="end" required defaultValue="02:00" />
            </label>
          </div>
        </>
      )}
    </div>
  )
}

export function AnnounceDialog({ close, done, first }: { close: () => void; done: () => void; first?: { scope: Scope; subject: string } }) {
  const [scope, setScope] = useState<Scope>(first?.scope ?? 'site')
  const [subject, setSubject] = useState(first?.subject ?? '')
  const [days, setDays] = useState<number[]>([])
  const [weekly, setWeekly] = useState(false)
  const [opened] = useState(Date.now)
  const text = (form: FormData, name: string) => String(form.get(name) ?? '')
  useEffect(() => setSubject(scope === first?.scope ? first.subject : ''), [scope])
  const announce = async (form: FormData) => {
    const typed = windowOf({ scope, subject, days, from: text(form, 'from'), until: text(form, 'until'), owner: text(form, 'owner'), reason: text(form, 'reason'), begin: text(form, 'begin'), end: text(form, 'end') }, Date.now())
    const fault: Fault | undefined = typeof typed === 'string' ? typed : weekly && days.length === 0 ? 'days' : undefined
    if (fault) throw new Problem(422, faultText(fault), '')
    await answer(api.POST('/api/v1/maintenance', { body: typed as Window }))
  }
  return (
    <Dialog title={w().title} close={close}>
      <ActForm submit={w().announce} cancel={close} act={announce} done={() => (toast(w().done), done(), close())}>
        <div class="stack">
          <span>{w().where}</span>
          <Choice label={w().where} value={scope} options={(['site', 'device', 'area'] as const).map((s) => ({ value: s, text: w()[s] }))} choose={setScope} />
        </div>
        <Subject key={scope} scope={scope} value={subject} set={setSubject} />
        <div class="row">
          <label>
            {w().from}
            <input type="datetime-local" name="from" required defaultValue={toLocal(opened)} />
          </label>
          <label>
            {w().until}
            <input key={String(weekly)} type="datetime-local" name="until" required defaultValue={toLocal(opened + (weekly ? 90 * 24 : 4) * 3600_000)} />
          </label>
        </div>
        <Weekly weekly={weekly} open={setWeekly} days={days} set={setDays} />
        <label>
          {w().owner}
          <input name="owner" required maxLength={50} defaultValue={session.value?.open ? '' : session.value?.name} />
        </label>
        <label>
          {w().reason}
          <textarea name="reason" required maxLength={1000} />
        </label>
      </ActForm>
    </Dialog>
  )
}
