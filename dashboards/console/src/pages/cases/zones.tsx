// Dead and slow zones that nobody has taken up yet.
import { date, number } from '../../format'
import { Empty, Table } from '../../ui'
import { mapLink } from '../../ui/maplink'
import { operatorName } from '../../ui/operators'
import { VerdictBadge } from '../../ui/verdict'
import { words } from '../../words'
import { useAreas } from '../alerts/useareas'
import type { ZoneFeature } from '../map/zones'

const w = words({
  vi: {
    list: 'Vùng chưa có hồ sơ', verdict: 'Kết luận', operator: 'Nhà mạng', where: 'Nơi', people: 'Người dân (ước tính)', size: 'Diện tích (km²)', cells: 'Số ô', since: 'Từ ngày', open: 'Xem và lập hồ sơ', map: 'Bản đồ', act: 'Việc',
    none: 'Không có vùng nào chờ lập hồ sơ', next: 'Mọi vùng đã chứng minh đều có hồ sơ, hoặc chưa chứng minh được vùng nào. Ô chưa đủ bằng chứng cần đo thêm.', survey: 'Mở kế hoạch đo',
  },
  en: {
    list: 'Zones without a case', verdict: 'Verdict', operator: 'Operator', where: 'Where', people: 'Residents (estimate)', size: 'Size (km²)', cells: 'Cells', since: 'Since', open: 'Look and open a case', map: 'Map', act: 'Act',
    none: 'No zone waits for a case', next: 'Every proven zone has one, or none is proven yet. Cells without enough evidence need further tests.', survey: 'Open the survey plan',
  },
})

export function Zones({ list, open }: { list: readonly ZoneFeature[]; open?: (z: ZoneFeature) => void }) {
  const areas = useAreas()
  if (list.length === 0) {
    return (
      <Empty title={w().none}>
        <span>{w().next}</span>
        <a class="button" href="/survey">
          {w().survey}
        </a>
      </Empty>
    )
  }
  return (
    <Table
      label={w().list} rows={list} rowKey={(z) => z.properties.id}
      columns={[
        { title: w().verdict, cell: ({ properties: z }) => <VerdictBadge verdict={z.verdict} /> },
        { title: w().operator, cell: ({ properties: z }) => operatorName(z.operator) },
        { title: w().where, cell: ({ properties: z }) => z.areas.map(areas.name).join(', ') || '—' },
        { title: w().people, number: true, cell: ({ properties: z }) => number(z.population_estimate) },
        { title: w().size, number: true, cell: ({ properties: z }) => number(z.area_km2, 1) },
        { title: w().cells, number: true, cell: ({ properties: z }) => number(z.cells) },
        { title: w().since, cell: ({ properties: z }) => date(z.born) },
        { title: w().map, cell: ({ properties: z }) => <a href={mapLink({ operator: z.operator, zone: z.id })}>{w().map}</a> },
        ...(open ? [{ title: w().act, cell: (z: ZoneFeature) => <button type="button" onClick={() => open(z)} data-testid="open-zone">{w().open}</button> }] : []),
      ]}
    />
  )
}
