// The tests that the operator wants taken out of the evidence, each with a reason.
import { useState } from 'preact/hooks'
import type { Schemas } from '../../api/client'
import { number } from '../../format'
import { words } from '../../words'
import { type Dossier, type DossierTest, whenOf } from './frozen'
import { caseWords, reasons, type StrikeReason } from './words'

export type Strike = Schemas['Strike']

const w = words({
  vi: {
    title: 'Phép đo nhà mạng đề nghị loại', cell: 'Ô', from: 'Từ ngày', to: 'Đến ngày', slow: 'Chỉ phép đo chưa đạt', list: 'Phép đo trong hồ sơ', pick: 'Chọn', when: 'Thời điểm', rate: 'Mbps', result: 'Kết quả', all: (n: string) => `Chọn cả ${n} phép đo đang hiện`, clear: 'Bỏ chọn',
    reason: 'Lý do', note: 'Căn cứ (số phiếu sự cố, tài liệu)', add: (n: string) => `Loại ${n} phép đo đã chọn`, struck: (n: string, why: string) => `${n} phép đo: ${why}`, undo: 'Bỏ', nothing: 'Không phép đo nào khớp',
    transferred: 'có dữ liệu', no_service: 'không có sóng', no_connection: 'không kết nối', no_transfer: 'không truyền được', more: (n: string) => `và ${n} phép đo nữa; thu hẹp ngày để thấy`,
  },
  en: {
    title: 'Tests the operator wants struck', cell: 'Cell', from: 'From', to: 'To', slow: 'Only tests below the target', list: 'Tests of the dossier', pick: 'Choose', when: 'Time', rate: 'Mbps', result: 'Result', all: (n: string) => `Choose all ${n} that are shown`, clear: 'Choose none',
    reason: 'Reason', note: 'On what grounds (ticket, document)', add: (n: string) => `Strike the ${n} chosen tests`, struck: (n: string, why: string) => `${n} tests: ${why}`, undo: 'Undo', nothing: 'No test matches',
    transferred: 'transferred', no_service: 'no service', no_connection: 'no connection', no_transfer: 'nothing transferred', more: (n: string) => `and ${n} more; narrow the days to see them`,
  },
})

export interface TestFilter {
  cell: string
  from: string
  to: string
  slow: boolean
}

/** The tests that a filter asks for and that are not struck yet. */
export function testsFor(d: Dossier, f: TestFilter, struck: readonly Strike[]): DossierTest[] {
  const cell = d.cells.find((c) => c.cell === f.cell)
  const gone = new Set(struck.filter((s) => s.cell === f.cell).map((s) => s.test))
  return (cell?.tests ?? []).filter((t) => {
    const { day } = whenOf(t.id)
    return !gone.has(t.id) && (f.from === '' || day >= f.from) && (f.to === '' || day <= f.to) && !(f.slow && t.mbps >= cell!.target_mbps)
  })
}

/** Strikes put together by reason and note, as they were made. */
export function batches(list: readonly Strike[]): { key: string; reason: StrikeReason; note: string; count: number }[] {
  const all = new Map<string, { key: string; reason: StrikeReason; note: string; count: number }>()
  for (const s of list) {
    const key = `${s.reason}|${s.note ?? ''}`
    const b = all.get(key) ?? { key, reason: s.reason, note: s.note ?? '', count: 0 }
    b.count++
    all.set(key, b)
  }
  return [...all.values()]
}

/** How many are listed at once. */
const shown = 200

export function Strikes({ dossier, struck, strike }: { dossier: Dossier; struck: readonly Strike[]; strike: (list: Strike[]) => void }) {
  const [filter, set] = useState<TestFilter>({ cell: dossier.cells[0]?.cell ?? '', from: '', to: '', slow: true })
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set())
  const [reason, setReason] = useState<StrikeReason>('outage')
  const [note, setNote] = useState('')
  const tests = testsFor(dossier, filter, struck)
  const change = (f: Partial<TestFilter>) => (set({ ...filter, ...f }), choose(new Set()))
  const toggle = (id: string) => choose(new Set(chosen.has(id) ? [...chosen].filter((x) => x !== id) : [...chosen, id]))
  const add = () => {
    strike([...struck, ...[...chosen].map((test) => ({ cell: filter.cell, test, reason, ...(note && { note }) }))])
    choose(new Set())
  }
  return (
    <fieldset class="stack">
      <legend>{w().title}</legend>
      <div class="row">
        <label>
          {w().cell}
          <select value={filter.cell} onChange={(e) => change({ cell: e.currentTarget.value })}>
            {dossier.cells.map((c) => (
              <option key={c.cell}>{c.cell}</option>
            ))}
          </select>
        </label>
        <label>
          {w().from}
          <input type="date" value={filter.from} onChange={(e) => change({ from: e.currentTarget.value })} />
        </label>
        <label>
          {w().to}
          <input type="date" value={filter.to} onChange={(e) => change({ to: e.currentTarget.value })} />
        </label>
        <label class="inline">
          <input type="checkbox" checked={filter.slow} onChange={(e) => change({ slow: e.currentTarget.checked })} />
          {w().slow}
        </label>
      </div>
      <Tests tests={tests} chosen={chosen} toggle={toggle} />
      <div class="row">
        <button type="button" disabled={tests.length === 0} onClick={() => choose(new Set(tests.map((t) => t.id)))}>
          {w().all(number(tests.length))}
        </button>
        <button type="button" disabled={chosen.size === 0} onClick={() => choose(new Set())}>
          {w().clear}
        </button>
      </div>
      <label>
        {w().reason}
        <select value={reason} onChange={(e) => setReason(e.currentTarget.value as StrikeReason)}>
          {reasons.map((r) => (
            <option key={r} value={r}>
              {caseWords().reason[r]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {w().note}
        <input value={note} maxLength={2000} onInput={(e) => setNote(e.currentTarget.value)} />
      </label>
      <button type="button" class="danger" disabled={chosen.size === 0} onClick={add} data-testid="strike">
        {w().add(number(chosen.size))}
      </button>
      <Struck list={struck} undo={(key) => strike(struck.filter((s) => `${s.reason}|${s.note ?? ''}` !== key))} />
    </fieldset>
  )
}

function Tests({ tests, chosen, toggle }: { tests: readonly DossierTest[]; chosen: ReadonlySet<string>; toggle: (id: string) => void }) {
  if (tests.length === 0) return <p class="quiet">{w().nothing}</p>
  return (
    <div class="table short" tabIndex={0} role="region" aria-label={w().list}>
      <table>
        <thead>
          <tr>
            <th scope="col">{w().pick}</th>
            <th scope="col">{w().when}</th>
            <th scope="col" class="number">
              {w().rate}
            </th>
            <th scope="col">{w().result}</th>
          </tr>
        </thead>
        <tbody>
          {tests.slice(0, shown).map((t) => {
            const at = whenOf(t.id)
            return (
              <tr key={t.id}>
                <td>
                  <input type="checkbox" aria-label={`${at.day} ${at.time}`} checked={chosen.has(t.id)} onChange={() => toggle(t.id)} />
                </td>
                <td>
                  {at.day} {at.time}
                </td>
                <td class="number">{number(t.mbps, 1)}</td>
                <td>{w()[t.result]}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {tests.length > shown && <p class="quiet">{w().more(number(tests.length - shown))}</p>}
    </div>
  )
}

/** What was struck so far. */
export function Struck({ list, undo }: { list: readonly Strike[]; undo?: (key: string) => void }) {
  return (
    <ul class="reasons">
      {batches(list).map((b) => (
        <li key={b.key} class="row">
          {w().struck(number(b.count), caseWords().reason[b.reason])}
          {b.note && <span class="quiet">{b.note}</span>}
          {undo && (
            <button type="button" onClick={() => undo(b.key)}>
              {w().undo}
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}
