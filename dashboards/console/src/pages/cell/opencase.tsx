// From evidence to a gap case: the one that there is, or a new one on the cell or its zone.
import { useLocation } from 'preact-iso'
import { useState } from 'preact/hooks'
import { answer, api } from '../../api/client'
import { useData } from '../../api/data'
import { number } from '../../format'
import { may } from '../../session'
import { ActForm, Dialog, toast } from '../../ui'
import type { Evidence } from './why'
import { w } from './words'
import { zoneOf } from './zoneof'

async function openCaseOn(e: Evidence, signal: AbortSignal): Promise<string | undefined> {
  const page = await answer(api.GET('/api/v1/cases', { params: { query: { operator: e.operator, area: e.area, limit: 1000 } }, signal }))
  return page.items.find((c) => c.state !== 'closed' && c.cells.includes(e.cell))?.id
}

export function CaseLink({ of: e }: { of: Evidence }) {
  const known = useData(`case ${e.cell} ${e.operator}`, (signal) => openCaseOn(e, signal), { on: ['case'] })
  const [asking, ask] = useState(false)
  if (known.value) {
    return (
      <a class="button" href={`/cases/${encodeURIComponent(known.value)}`} data-testid="case-link">
        {w().toCase}
      </a>
    )
  }
  const bad = e.standing.verdict === 'dead' || e.standing.verdict === 'gap'
  if (!bad || !may('cases') || known.loading) return null
  return (
    <>
      <button type="button" class="main" onClick={() => ask(true)} data-testid="open-case">
        {w().open}
      </button>
      {asking && <OpenCase of={e} close={() => ask(false)} />}
    </>
  )
}

function OpenCase({ of: e, close }: { of: Evidence; close: () => void }) {
  const { route } = useLocation()
  const zones = useData(`zones ${e.operator}`, async (signal) => (await answer(api.GET('/api/v1/coverage/zones.geojson', { params: { query: { operator: e.operator } }, signal }))).features)
  const zone = zoneOf(zones.value ?? [], e.operator, [e.lon, e.lat])?.properties
  const [made, set] = useState<string>()
  const act = async (form: FormData) => {
    const note = String(form.get('note') ?? '').trim() || undefined
    const whole = form.get('about') === 'zone' && zone
    const c = await answer(api.POST('/api/v1/cases', { body: whole ? { zone: zone.id, note } : { operator: e.operator, cells: [e.cell], note } }))
    set(c.id)
    toast(w().opened)
    route(`/cases/${encodeURIComponent(c.id)}`)
  }
  return (
    <Dialog title={w().openTitle} close={close}>
      <ActForm act={act} submit={w().open} cancel={close} done={made ? close : undefined}>
        <fieldset class="stack">
          <legend>{w().about}</legend>
          {zone && (
            <label class="inline">
              <input type="radio" name="about" value="zone" defaultChecked /> {w().openZone(number(zone.cells), number(zone.area_km2, 1))}
            </label>
          )}
          <label class="inline">
            <input type="radio" name="about" value="cell" defaultChecked={!zone} key={zone?.id} /> {w().openCell}
          </label>
        </fieldset>
        <label>
          {w().note}
          <textarea name="note" maxLength={4000} />
        </label>
      </ActForm>
    </Dialog>
  )
}
