// The tests one by one, with the reason of each that does not count.
import { useState } from 'preact/hooks'
import { type Schemas, answer, api } from '../../api/client'
import { useData } from '../../api/data'
import { dateTime, number } from '../../format'
import { Badge, Choice, type Column, Empty, Loaded, Table } from '../../ui'
import { w } from './words'

type Test = Schemas['CellTest']
type Which = 'true' | 'false' | ''

const shownFirst = 50
const pageSize = 1000 // the most that the service gives at once

/** All tests, the latest first. */
export async function loadTests(cell: string, operator: string, counts: Which, signal: AbortSignal): Promise<Test[]> {
  const all: Test[] = []
  for (let after: string | undefined; ; ) {
    const page = await answer(api.GET('/api/v1/coverage/cells/{cell}/tests', { params: { path: { cell }, query: { operator, counts, limit: pageSize, after } }, signal }))
    all.push(...page.items)
    if (!page.next) return all.reverse()
    after = page.next
  }
}

const hashOf = (id: string) => id.split('/')[1] ?? ''

function columns(): Column<Test>[] {
  return [
    { title: w().time, cell: (t) => dateTime(t.at) },
    { title: w().point, cell: (t) => t.point_hex, number: true },
    { title: w().result, cell: (t) => (t.counts ? <Badge tone={t.reached ? 'good' : t.result === 'transferred' ? 'warning' : 'critical'}>{t.result ? w().results[t.result] : '—'}</Badge> : <span class="quiet">{t.reason ? w().reasons[t.reason] : '—'}</span>) },
    { title: 'Mbit/s', cell: (t) => (t.counts ? number(t.mbps, 1) : '—'), number: true },
    { title: w().signal, cell: (t) => (t.rsrp_dbm === undefined ? '—' : `${number(t.rsrp_dbm)} dBm`), number: true },
    { title: w().technology, cell: (t) => t.technology?.toUpperCase() ?? '—' },
    { title: w().latency, cell: (t) => (t.latency_ms ? `${number(t.latency_ms)} ms` : '—'), number: true },
    { title: w().device, cell: (t) => <code>{hashOf(t.id)}</code> },
  ]
}

export function Tests({ cell, operator }: { cell: string; operator: string }) {
  const [which, choose] = useState<Which>('')
  const [all, showAll] = useState(false)
  const data = useData(`tests ${cell} ${operator} ${which}`, (signal) => loadTests(cell, operator, which, signal), { on: ['coverage'] })
  return (
    <section class="card" data-testid="tests">
      <div class="row">
        <h2 id="tests">{w().tests}</h2>
        <Choice label={w().tests} value={which} choose={choose} options={[{ value: '', text: w().all }, { value: 'true', text: w().counts }, { value: 'false', text: w().not }]} />
      </div>
      <Loaded data={data}>
        {(tests) => {
          if (tests.length === 0) return <Empty title={w().noTests}>{w().noTestsNext}</Empty>
          const shown = all ? tests : tests.slice(0, shownFirst)
          return (
            <>
              <Table label={w().tests} columns={columns()} rows={shown} rowKey={(t) => t.id + (t.reason ?? '')} />
              <div class="row">
                <span class="quiet">{w().more(number(shown.length), number(tests.length))}</span>
                {shown.length < tests.length && (
                  <button type="button" onClick={() => showAll(true)}>
                    {w().showAll}
                  </button>
                )}
              </div>
            </>
          )
        }}
      </Loaded>
    </section>
  )
}
