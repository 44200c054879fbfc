// Public Wi-Fi against what the province has promised: how far, where not, and why.
import { useLocation } from 'preact-iso'
import { answer, api, type Schemas } from '../../api/client'
import { useData } from '../../api/data'
import { number, percent } from '../../format'
import { Empty, Loaded, Page, Table } from '../../ui'
import { categories, categoryText } from '../../ui/states'
import { words } from '../../words'
import { useAreas } from '../alerts/useareas'
import { Meter } from './meter'
import { Month } from './month'
import { type Target, share, targetOf, worstCommunes } from './shares'
import { Sites } from './sites'
import './targets.css'

const w = words({
  vi: {
    title: 'Wi-Fi công cộng', area: 'Địa bàn', everywhere: 'Toàn tỉnh', all: 'Tất cả', goal: 'Chỉ tiêu 100 % địa điểm bắt buộc có Wi-Fi hoạt động', of: (n: string, all: string) => `${n} / ${all} địa điểm`, reached: 'đạt chỉ tiêu', missing: (n: string) => `còn thiếu ${n}`,
    none: 'Chưa có địa điểm nào bắt buộc có Wi-Fi', noneHow: 'Đánh dấu required = có cho địa điểm trong sites.csv của danh mục.', worst: 'Xã, phường thấp nhất', worstAll: (n: string) => `Cả ${n} xã, phường đều đạt`, category: 'Loại địa điểm', share: 'Tỉ lệ', sites: 'Địa điểm', state: 'Tình trạng', show: 'Chọn loại để lọc', here: 'Không có địa điểm bắt buộc ở địa bàn này.',
  },
  en: {
    title: 'Public Wi-Fi', area: 'Area', everywhere: 'Whole province', all: 'All', goal: 'Target: 100 % of the required sites have working Wi-Fi', of: (n: string, all: string) => `${n} of ${all} sites`, reached: 'target reached', missing: (n: string) => `${n} missing`,
    none: 'No site is required to have Wi-Fi yet', noneHow: 'Set required = yes for sites in sites.csv of the registry.', worst: 'Lowest communes', worstAll: (n: string) => `All ${n} communes reach the target`, category: 'Kind of place', share: 'Share', sites: 'Sites', state: 'State', show: 'Choose a kind to filter', here: 'No site is required in this area.',
  },
})

export default function Targets() {
  const { query, route } = useLocation()
  const areas = useAreas()
  const area = query['area'] ?? ''
  const category = categories.find((c) => c === query['category']) ?? ''
  const data = useData('targets', (signal) => answer(api.GET('/api/v1/targets', { signal })), { on: ['device', 'maintenance'], every: 60_000 })
  const go = (part: { area?: string; category?: string }) => {
    const p = new URLSearchParams(Object.entries({ area, category: category as string, ...part }).filter(([, v]) => v))
    route(p.size ? `/targets?${p}` : '/targets', true)
  }
  return (
    <Page
      title={w().title}
      actions={
        <label class="inline">
          {w().area}
          <select value={area} onChange={(e) => go({ area: e.currentTarget.value })} data-testid="target-area">
            <option value="">{w().everywhere}</option>
            {areas.list.map((a) => <option key={a.code} value={a.code}>{a.name}</option>)}
          </select>
        </label>
      }
    >
      <Loaded data={data}>
        {(all) =>
          all.every((t) => t.required === 0) ? (
            <Empty title={w().none}>{w().noneHow}</Empty>
          ) : (
            <>
              <Tiles all={all} area={area} category={category} choose={(c) => go({ category: c })} />
              <div class="split">
                <Sites area={area} category={category} />
                <div class="stack">
                  {area.length !== 5 && <Communes all={all} category={category} choose={(code) => go({ area: code })} />}
                  <Month area={area} />
                </div>
              </div>
            </>
          )
        }
      </Loaded>
    </Page>
  )
}

function Tiles({ all, area, category, choose }: { all: readonly Target[]; area: string; category: string; choose: (c: string) => void }) {
  const list = ['', ...categories].flatMap((c) => targetOf(all, area, c) ?? []).filter((t) => t.required > 0)
  return (
    <section class="stack" aria-label={w().goal} data-testid="targets">
      <span class="quiet">{w().goal}</span>
      {list.length === 0 && <div class="note">{w().here}</div>}
      <div class="target-tiles" role="group" aria-label={w().show}>
        {list.map((t) => (
          <button key={t.category} type="button" class="card tile" aria-pressed={t.category === category} onClick={() => choose(t.category === category ? '' : t.category)}>
            <span>{t.category ? categoryText(t.category) : w().all}</span>
            <span class="row">
              <span class="big">{percent(share(t), 1)}</span>
              <span class="quiet">{w().of(number(t.working), number(t.required))} · {t.working === t.required ? w().reached : w().missing(number(t.required - t.working))}</span>
            </span>
            <Meter target={t} />
          </button>
        ))}
      </div>
    </section>
  )
}

/** How many of the lowest communes are shown. */
const shown = 12

function Communes({ all, category, choose }: { all: readonly Target[]; category: Schemas['Site']['category'] | ''; choose: (code: string) => void }) {
  const areas = useAreas()
  const communes = worstCommunes(all, category)
  const below = communes.filter((t) => t.working < t.required)
  return (
    <section class="stack" data-testid="worst-communes">
      <h2>{w().worst}</h2>
      {below.length === 0 ? (
        <span class="quiet">{w().worstAll(number(communes.length))}</span>
      ) : (
        <Table
          label={w().worst}
          rows={below.slice(0, shown)}
          rowKey={(t) => t.area}
          open={(t) => choose(t.area)}
          columns={[
            { title: w().area, cell: (t) => <a href={`/targets?area=${t.area}`} onClick={(e) => e.stopPropagation()}>{areas.name(t.area)}</a> },
            { title: w().share, number: true, cell: (t) => percent(share(t)) },
            { title: w().sites, number: true, cell: (t) => `${number(t.working)} / ${number(t.required)}` },
          ]}
        />
      )}
    </section>
  )
}
