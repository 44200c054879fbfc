// The gap cases: what waits, for whom, until when.
import { useLocation } from 'preact-iso'
import { useState } from 'preact/hooks'
import { ago, date, duration, number } from '../../format'
import { may } from '../../session'
import { Badge, Empty, Loaded, Page, Table } from '../../ui'
import { useNow } from '../../ui/now'
import { operatorName } from '../../ui/operators'
import { words } from '../../words'
import { useAreas, type Areas } from '../alerts/useareas'
import type { ZoneFeature } from '../map/zones'
import { uncased, useCases, useZones } from './data'
import { addressOf, byUrgency, type CaseFilter, countsOf, filterOf, openedAt, overdueBy, turnOf } from './life'
import { OpenCase } from './open'
import { type Case, caseWords, stateTone, states } from './words'
import { Zones } from './zones'
import './cases.css'

const w = words({
  vi: {
    title: 'Hồ sơ vùng thiếu sóng', filters: 'Lọc hồ sơ', operator: 'Nhà mạng', area: 'Địa bàn', all: 'Tất cả', overdueOnly: 'Chỉ quá hạn', list: 'Danh sách hồ sơ',
    id: 'Hồ sơ', where: 'Nơi', state: 'Trạng thái', next: 'Việc tiếp theo', due: 'Hạn', age: 'Lập', cells: 'Số ô', overdue: 'quá hạn', late: (t: string) => `quá hạn ${t}`, left: (t: string) => `còn ${t}`, states: 'Theo trạng thái',
    none: 'Chưa có hồ sơ nào', noneNext: 'Chọn một vùng ở danh sách bên dưới để lập hồ sơ.', noZone: 'Khi phép đo chứng minh có vùng lõm sóng hoặc vùng chậm, vùng đó hiện ở bên dưới để lập hồ sơ.',
    nothing: 'Không hồ sơ nào khớp bộ lọc', clear: 'Bỏ lọc', waiting: (n: number) => `Vùng chưa có hồ sơ (${n})`,
  },
  en: {
    title: 'Gap cases', filters: 'Filter the cases', operator: 'Operator', area: 'Area', all: 'All', overdueOnly: 'Overdue only', list: 'List of cases',
    id: 'Case', where: 'Where', state: 'State', next: 'Next', due: 'Deadline', age: 'Opened', cells: 'Cells', overdue: 'overdue', late: (t: string) => `overdue by ${t}`, left: (t: string) => `${t} left`, states: 'By state',
    none: 'There are no cases yet', noneNext: 'Choose a zone in the list below and open one.', noZone: 'When tests prove a dead or slow zone, it appears below and a case can be opened on it.',
    nothing: 'No case matches the filter', clear: 'Clear the filter', waiting: (n: number) => `Zones without a case (${n})`,
  },
})

/** When it has to be done, and how late it is. */
export function Deadline({ of, now }: { of: Case; now: number }) {
  const late = overdueBy(of, now)
  if (of.due === undefined || late === undefined) return <>—</>
  return (
    <div class="deadline">
      {date(of.due)}
      {late > 0 ? <Badge tone="critical">{w().late(duration(late))}</Badge> : <span class="quiet">{w().left(duration(-late))}</span>}
    </div>
  )
}

function Tiles({ list, filter, choose, now }: { list: readonly Case[]; filter: CaseFilter; choose: (f: CaseFilter) => void; now: number }) {
  const counts = countsOf(list)
  const tile = (name: string, n: number, pressed: boolean, f: CaseFilter, bad = false) => (
    <button key={name} type="button" class={`card tile counter ${bad ? 'bad' : ''}`} aria-pressed={pressed} onClick={() => choose(f)} data-testid={`tile-${name}`}>
      <span class="big">{number(n)}</span>
      <span>{name === 'overdue' ? w().overdue : caseWords().state[name as Case['state']]}</span>
    </button>
  )
  const overdue = list.filter((c) => (overdueBy(c, now) ?? -1) > 0).length
  return (
    <div class="tiles counters" role="group" aria-label={w().states}>
      {tile('overdue', overdue, filter.overdue, { ...filter, overdue: !filter.overdue }, overdue > 0)}
      {states.map((s) => tile(s, counts[s], filter.state === s, { ...filter, state: filter.state === s ? '' : s }))}
    </div>
  )
}

function Filters({ cases, areas, filter, choose }: { cases: readonly Case[]; areas: Areas; filter: CaseFilter; choose: (f: CaseFilter) => void }) {
  const operators = [...new Set(cases.map((c) => c.operator))].sort()
  const codes = [...new Set(cases.flatMap((c) => c.areas))].sort((a, b) => areas.name(a).localeCompare(areas.name(b), 'vi'))
  return (
    <div class="row" role="group" aria-label={w().filters}>
      <label class="inline">
        {w().operator}
        <select value={filter.operator} onChange={(e) => choose({ ...filter, operator: e.currentTarget.value })} data-testid="filter-operator">
          <option value="">{w().all}</option>
          {operators.map((o) => (
            <option key={o} value={o}>
              {operatorName(o)}
            </option>
          ))}
        </select>
      </label>
      <label class="inline">
        {w().area}
        <select value={filter.area} onChange={(e) => choose({ ...filter, area: e.currentTarget.value })} data-testid="filter-area">
          <option value="">{w().all}</option>
          {codes.map((a) => (
            <option key={a} value={a}>
              {areas.name(a)}
            </option>
          ))}
        </select>
      </label>
      <label class="inline">
        <input type="checkbox" checked={filter.overdue} onChange={(e) => choose({ ...filter, overdue: e.currentTarget.checked })} />
        {w().overdueOnly}
      </label>
    </div>
  )
}

/** The cases that a filter asks for, but for the state: the tiles count those. */
function matching(list: readonly Case[], f: CaseFilter, areas: Areas): Case[] {
  return list.filter((c) => (f.operator === '' || c.operator === f.operator) && (f.area === '' || c.areas.some((a) => areas.within(a, f.area))))
}

function List({ list, areas, now }: { list: readonly Case[]; areas: Areas; now: number }) {
  const { route } = useLocation()
  return (
    <Table
      label={w().list} rows={byUrgency(list)} rowKey={(c) => c.id} open={(c) => route(`/cases/${c.id}`)}
      columns={[
        { title: w().id, cell: (c) => <a href={`/cases/${c.id}`}>{c.id}</a> },
        { title: w().operator, cell: (c) => operatorName(c.operator) },
        { title: w().where, cell: (c) => c.areas.map(areas.name).join(', ') || '—' },
        { title: w().state, cell: (c) => <Badge tone={stateTone[c.state]}>{caseWords().state[c.state]}</Badge> },
        { title: w().due, cell: (c) => <Deadline of={c} now={now} /> },
        { title: w().next, cell: (c) => caseWords().next[turnOf(c)] },
        { title: w().age, cell: (c) => { const at = openedAt(c); return at ? ago(at, now) : '—' } },
        { title: w().cells, number: true, cell: (c) => number(c.cells.length) },
      ]}
    />
  )
}

function Cases({ list, zones }: { list: readonly Case[]; zones: readonly ZoneFeature[] }) {
  const { query, route } = useLocation()
  const areas = useAreas()
  const now = useNow(30_000)
  const filter = filterOf(query)
  const choose = (f: CaseFilter) => route(addressOf(f), true)
  const chosen = matching(list, filter, areas)
  const shown = chosen.filter((c) => (filter.state === '' || c.state === filter.state) && (!filter.overdue || (overdueBy(c, now) ?? -1) > 0))
  if (list.length === 0) return <Empty title={w().none}>{zones.length > 0 && may('cases') ? w().noneNext : w().noZone}</Empty>
  return (
    <>
      <Tiles list={chosen} filter={filter} choose={choose} now={now} />
      <Filters cases={list} areas={areas} filter={filter} choose={choose} />
      {shown.length > 0 ? <List list={shown} areas={areas} now={now} /> : (
        <Empty title={w().nothing}>
          <a class="button" href="/cases">
            {w().clear}
          </a>
        </Empty>
      )}
    </>
  )
}

export default function CasesPage() {
  const cases = useCases()
  const zones = useZones()
  const { query, route } = useLocation()
  const [chosen, open] = useState<ZoneFeature>()
  const free = uncased(zones.value ?? [], cases.value ?? [])
  // The map sends here with the zone that somebody pointed at.
  const opening = chosen ?? (may('cases') && cases.value ? free.find((z) => z.properties.id === query['zone']) : undefined)
  const close = () => {
    open(undefined)
    if (query['zone']) route('/cases', true)
  }
  return (
    <Page title={w().title}>
      <Loaded data={cases}>{(list) => <Cases list={list} zones={free} />}</Loaded>
      <section class="stack" aria-labelledby="zones-title">
        <h2 id="zones-title">{w().waiting(free.length)}</h2>
        <Loaded data={zones}>{() => <Zones list={free} open={may('cases') ? open : undefined} />}</Loaded>
      </section>
      {opening && <OpenCase zone={opening} close={close} />}
    </Page>
  )
}
