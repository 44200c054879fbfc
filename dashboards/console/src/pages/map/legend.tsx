// What is shown, and what it means: each sign of the map in a sentence, with its switch.
import { number } from '../../format'
import type { LayerName } from '../../ui/maplink'
import { type Verdict, verdictWords, verdicts } from '../../ui/verdict'
import { w } from './words'

export interface Shown {
  layers: readonly LayerName[]
  verdicts: readonly Verdict[]
}

const toggled = <T,>(list: readonly T[], x: T): T[] => (list.includes(x) ? list.filter((y) => y !== x) : [...list, x])

/** How a verdict is drawn, small. */
function Sample({ verdict }: { verdict: Verdict }) {
  return (
    <svg class={`sample ${verdict}`} width="22" height="24" viewBox="0 0 22 24" aria-hidden="true">
      <path d="M11 1 21 6.5v11L11 23 1 17.5v-11Z" class="hexagon" />
      {verdict === 'dead' && <path d="M5 6l12 12M17 6 5 18" class="sign" />}
      {verdict === 'gap' && <path d="M4 12l7-7M6 17 17 6M11 19l7-7" class="sign" />}
      {verdict === 'unproven' && <path d="M4 12l7-7M6 17 17 6M11 19l7-7" class="sign" />}
    </svg>
  )
}

export function Legend({ shown, counts, set }: { shown: Shown; counts: Partial<Record<Verdict, number>> | undefined; set: (s: Shown) => void }) {
  const layer = (name: LayerName, text: string) => (
    <label class="inline" key={name}>
      <input type="checkbox" checked={shown.layers.includes(name)} onChange={() => set({ ...shown, layers: toggled(shown.layers, name) })} data-testid={`layer-${name}`} />
      {text}
    </label>
  )
  const off = !shown.layers.includes('cells')
  return (
    <section class="stack legend" aria-label={w().legend} data-testid="legend">
      {layer('cells', w().cells)}
      <ul>
        {verdicts.map((v) => (
          <li key={v}>
            <label class="inline">
              <input type="checkbox" disabled={off} checked={shown.verdicts.includes(v)} onChange={() => set({ ...shown, verdicts: toggled(shown.verdicts, v) })} data-testid={`verdict-${v}`} />
              <Sample verdict={v} />
              <strong>{verdictWords()[v]}</strong>
              {counts?.[v] !== undefined && <span class="quiet number">{w().count(number(counts[v]))}</span>}
            </label>
            <span class="quiet">{verdictWords().means[v]}</span>
          </li>
        ))}
        <li class="quiet">{w().none}</li>
      </ul>
      {layer('zones', w().zones)}
      {layer('sites', w().sites)}
      {layer('devices', w().devices)}
      {layer('areas', w().areas)}
      <span class="quiet">{w().marks}</span>
    </section>
  )
}
