// A new case: first the evidence, then the file.
import { useLocation } from 'preact-iso'
import { answer, api } from '../../api/client'
import { useData } from '../../api/data'
import { number } from '../../format'
import { ActForm, Dialog, Loaded, toast } from '../../ui'
import { cellLink } from '../../ui/maplink'
import { operatorName } from '../../ui/operators'
import { VerdictBadge } from '../../ui/verdict'
import { words } from '../../words'
import { useAreas } from '../alerts/useareas'
import type { ZoneFeature } from '../map/zones'
import type { CellEvidence } from './frozen'

const w = words({
  vi: {
    title: 'Lập hồ sơ', evidence: 'Bằng chứng hiện nay', cell: 'Ô', verdict: '90 ngày gần đây', tests: 'Phép đo', below: 'Dưới mục tiêu', none: 'Không dịch vụ', median: 'Trung vị (Mbps)', note: 'Ghi chú (ai báo, khi nào, thôn nào)',
    open: 'Lập hồ sơ', opened: (id: string) => `Đã lập hồ sơ ${id}`, taken: (id: string) => `Vùng này đã có hồ sơ ${id}.`, goThere: 'Mở hồ sơ đó',
    weak: 'Kết luận vẫn giữ, nhưng phép đo trong 90 ngày gần đây không còn tự chứng minh được. Lập được hồ sơ, nhưng phải đo thêm mới gửi được.',
    people: (n: string, where: string) => `${where}: khoảng ${n} người dân`,
  },
  en: {
    title: 'Open a case', evidence: 'The evidence now', cell: 'Cell', verdict: 'Last 90 days', tests: 'Tests', below: 'Below target', none: 'No service', median: 'Median (Mbps)', note: 'Note (who complained, when, which hamlet)',
    open: 'Open the case', opened: (id: string) => `Case ${id} is open`, taken: (id: string) => `This zone has the case ${id} already.`, goThere: 'Go to that case',
    weak: 'The verdict stands, but the tests of the last 90 days alone no longer prove it. A case can be opened, but it takes more tests before it can be sent.',
    people: (n: string, where: string) => `${where}: about ${n} residents`,
  },
})

function Cells({ list }: { list: readonly CellEvidence[] }) {
  return (
    <div class="table short" tabIndex={0} role="region" aria-label={w().evidence}>
      <table>
        <thead>
          <tr>
            <th scope="col">{w().cell}</th>
            <th scope="col">{w().verdict}</th>
            <th scope="col" class="number">{w().tests}</th>
            <th scope="col" class="number">{w().below}</th>
            <th scope="col" class="number">{w().none}</th>
            <th scope="col" class="number">{w().median}</th>
          </tr>
        </thead>
        <tbody>
          {list.map((c) => (
            <tr key={c.cell}>
              <td>
                <a href={cellLink(c.cell, c.operator)}>{c.cell}</a>
              </td>
              <td>
                <VerdictBadge verdict={c.decision.verdict} />
              </td>
              <td class="number">{number(c.decision.tests)}</td>
              <td class="number">{number(c.decision.negative)}</td>
              <td class="number">{number(c.decision.unusable)}</td>
              <td class="number">{number(c.summary.p50_mbps, 1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Whether the window of any cell proves something bad by itself: else a case cannot be sent. */
export const provable = (cells: readonly CellEvidence[]): boolean => cells.some((c) => c.decision.verdict === 'dead' || c.decision.verdict === 'gap')

export function OpenCase({ zone, close }: { zone: ZoneFeature; close: () => void }) {
  const { route } = useLocation()
  const areas = useAreas()
  const z = zone.properties
  const evidence = useData(`zone ${z.id}`, (signal) => answer(api.GET('/api/v1/coverage/zones/{id}', { params: { path: { id: z.id } }, signal })))
  const act = async (form: FormData) => {
    const made = await answer(api.POST('/api/v1/cases', { body: { zone: z.id, note: String(form.get('note') ?? '') } }))
    toast(w().opened(made.id))
    route(`/cases/${made.id}`)
  }
  return (
    <Dialog title={`${w().title}: ${operatorName(z.operator)}`} close={close}>
      <p class="row">
        <VerdictBadge verdict={z.verdict} />
        {w().people(number(z.population_estimate), z.areas.map(areas.name).join(', '))}
      </p>
      <Loaded data={evidence}>
        {(e) => (
          <>
            <Cells list={e.cells} />
            {!provable(e.cells) && <p class="note warn">{w().weak}</p>}
            {e.case ? (
              <p class="note">
                {w().taken(e.case)} <a href={`/cases/${e.case}`}>{w().goThere}</a>
              </p>
            ) : (
              <ActForm submit={w().open} act={act} cancel={close}>
                <label>
                  {w().note}
                  <textarea name="note" maxLength={4000} />
                </label>
              </ActForm>
            )}
          </>
        )}
      </Loaded>
    </Dialog>
  )
}
