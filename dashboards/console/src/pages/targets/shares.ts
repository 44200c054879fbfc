// Targets as shares: what makes a meter, and which commune is worst.
import type { Schemas } from '../../api/client'
import type { Tone } from '../../ui'

export type Target = Schemas['Target']

/** The states of a required site, the best first; unknown and maintenance never count as working. */
export const targetStates = ['working', 'partly', 'maintenance', 'unknown', 'failed', 'no service', 'not covered'] as const
export type TargetState = (typeof targetStates)[number]

export const tones: Record<TargetState, Tone> = { working: 'good', partly: 'warning', maintenance: 'info', unknown: 'unknown', failed: 'high', 'no service': 'critical', 'not covered': 'critical' }
/** Tokens of style.css for a meter's parts. */
export const colors: Record<TargetState, string> = { working: '--good', partly: '--gap', maintenance: '--info', unknown: '--unproven', failed: '--high', 'no service': '--critical', 'not covered': '--text' }

export const share = (t: Target): number | undefined => (t.required > 0 ? t.working / t.required : undefined)

/** The parts of a meter: states that there are, with their share. */
export function parts(t: Target): { state: TargetState; count: number; share: number }[] {
  return targetStates.flatMap((state) => {
    const count = t.by_state[state] ?? 0
    return count > 0 && t.required > 0 ? [{ state, count, share: count / t.required }] : []
  })
}

/** The target of an area and category. */
export const targetOf = (all: readonly Target[], area: string, category: string): Target | undefined => all.find((t) => t.area === area && t.category === category)

/** Communes, the lowest share first, and of equals the one where more sites do not work. */
export function worstCommunes(all: readonly Target[], category: string): Target[] {
  const failing = (t: Target) => t.required - t.working
  return all.filter((t) => t.area.length === 5 && t.category === category && t.required > 0).sort((a, b) => share(a)! - share(b)! || failing(b) - failing(a) || a.area.localeCompare(b.area))
}

const order: Schemas['Site']['verdict'][] = ['no service', 'failed', 'partly', 'unknown', 'working']

/** Sites, the worst first, and of equals the one that is so for longest. */
export const worstSites = (sites: readonly Schemas['Site'][]): Schemas['Site'][] =>
  [...sites].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict) || (a.since ?? '').localeCompare(b.since ?? '') || a.name.localeCompare(b.name, 'vi'))
