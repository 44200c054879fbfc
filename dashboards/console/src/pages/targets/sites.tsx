// The sites themselves: the worst first, why, since when, and where to go next.
import { useMemo, useState } from 'preact/hooks'
import { answer, api, type Schemas } from '../../api/client'
import { useData } from '../../api/data'
import { dateTime, number } from '../../format'
import { Choice, Empty, Loaded, Table } from '../../ui'
import { mapLink } from '../../ui/maplink'
import { SiteBadge, categoryText, reasonText, verdictText } from '../../ui/states'
import { words } from '../../words'
import { useAreas } from '../alerts/useareas'
import { worstSites } from './shares'

const w = words({
  vi: {
    title: 'Địa điểm', which: 'Hiện', required: 'Bắt buộc', every: 'Tất cả', verdict: 'Tình trạng', all: 'Mọi tình trạng', site: 'Địa điểm', reason: 'Lý do', since: 'Từ', clients: 'Máy', map: 'Bản đồ', devices: (up: string, all: string) => `${up}/${all} thiết bị`,
    none: 'Không có địa điểm nào khớp', noneHow: 'Chọn tình trạng khác, hoặc bỏ lọc địa bàn và loại.', more: (n: string) => `Hiện thêm ${n} địa điểm`, closed: 'ngoài giờ mở cửa', some: (n: string, all: string) => `${n} / ${all} địa điểm, xấu nhất trước`,
  },
  en: {
    title: 'Sites', which: 'Show', required: 'Required', every: 'All', verdict: 'State', all: 'Any state', site: 'Site', reason: 'Reason', since: 'Since', clients: 'Clients', map: 'Map', devices: (up: string, all: string) => `${up}/${all} devices`,
    none: 'No site matches', noneHow: 'Choose another state, or take the filters of area and kind away.', more: (n: string) => `Show ${n} more sites`, closed: 'closed now', some: (n: string, all: string) => `${n} of ${all} sites, the worst first`,
  },
})

type Site = Schemas['Site']
const verdicts: Site['verdict'][] = ['no service', 'failed', 'partly', 'unknown', 'working']
const step = 25

async function load(area: string, category: string, required: boolean, signal: AbortSignal): Promise<Site[]> {
  const all: Site[] = []
  let after = ''
  do {
    const page = await answer(api.GET('/api/v1/sites', { params: { query: { limit: 1000, ...(area && { area }), ...(category && { category }), ...(required && { required: 'true' as const }), ...(after && { after }) } }, signal }))
    all.push(...page.items)
    after = page.next ?? ''
  } while (after)
  return all
}

export function Sites({ area, category }: { area: string; category: string }) {
  const [which, choose] = useState<'required' | 'every'>('required')
  const [verdict, pick] = useState<Site['verdict'] | ''>('')
  const [most, show] = useState(step)
  const data = useData(['sites', area, category, which].join(' '), (signal) => load(area, category, which === 'required', signal), { on: ['device', 'maintenance'], every: 60_000 })
  const sorted = useMemo(() => worstSites(data.value ?? []).filter((s) => verdict === '' || s.verdict === verdict), [data.value, verdict])
  return (
    <section class="stack" data-testid="target-sites">
      <div class="row">
        <h2>{w().title}</h2>
        <Choice label={w().which} value={which} options={[{ value: 'required', text: w().required }, { value: 'every', text: w().every }]} choose={choose} />
        <label class="inline">
          <span class="visually-hidden">{w().verdict}</span>
          <select value={verdict} onChange={(e) => pick(e.currentTarget.value as Site['verdict'])}>
            <option value="">{w().all}</option>
            {verdicts.map((v) => <option key={v} value={v}>{verdictText(v)}</option>)}
          </select>
        </label>
      </div>
      <Loaded data={data}>
        {(list) => (sorted.length === 0 ? <Empty title={w().none}>{w().noneHow}</Empty> : <SiteTable shown={sorted.slice(0, most)} total={sorted.length} all={list.length} more={() => show(most + step)} />)}
      </Loaded>
    </section>
  )
}

function SiteTable({ shown, total, all, more }: { shown: Site[]; total: number; all: number; more: () => void }) {
  const areas = useAreas()
  return (
    <>
      <span class="quiet">{w().some(number(total), number(all))}</span>
      <Table
        label={w().title}
        rows={shown}
        rowKey={(s) => s.id}
        columns={[
          { title: w().verdict, cell: (s) => <SiteBadge verdict={s.verdict} /> },
          {
            title: w().site,
            cell: (s) => (
              <>
                <a href={`/devices?site=${encodeURIComponent(s.id)}`}>{s.name || s.id}</a>
                <div class="quiet">{categoryText(s.category)} · {areas.name(s.area)} · <a href={mapLink({ site: s.id, lat: s.lat, lon: s.lon, zoom: 15 })} aria-label={`${w().map}: ${s.name || s.id}`}>{w().map}</a></div>
              </>
            ),
          },
          {
            title: w().reason,
            cell: (s) => (
              <>
                {reasonText(s.reason) || '—'}
                <div class="quiet">{w().devices(number(s.expected - s.down), number(s.expected))}{!s.open && ` · ${w().closed}`}</div>
              </>
            ),
          },
          { title: w().since, cell: (s) => dateTime(s.since) },
          { title: w().clients, number: true, cell: (s) => number(s.clients) },
        ]}
      />
      {total > shown.length && <button type="button" onClick={more}>{w().more(number(Math.min(step, total - shown.length)))}</button>}
    </>
  )
}
