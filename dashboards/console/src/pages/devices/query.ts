// What the list of devices is asked for: it is in the address, so that it can be sent to somebody.
import type { DeviceState, Kind } from '../../ui/states'
import { deviceStates, kinds } from '../../ui/states'

export interface DeviceQuery {
  q: string
  kind: Kind | ''
  state: DeviceState | ''
  area: string
  site: string
  registered: 'true' | 'false' | ''
}

const oneOf = <T extends string>(all: readonly T[], text: string | undefined): T | '' => all.find((x) => x === text) ?? ''

/** Reads an address; what makes no sense in it is left out. */
export function queryOf(address: Readonly<Record<string, string | undefined>>): DeviceQuery {
  return {
    q: (address['q'] ?? '').slice(0, 100),
    kind: oneOf(kinds, address['kind']),
    state: oneOf(deviceStates, address['state']),
    area: /^\d{2}(\d{3})?$/.test(address['area'] ?? '') ? address['area']! : '',
    site: (address['site'] ?? '').slice(0, 64),
    registered: oneOf(['true', 'false'] as const, address['registered']),
  }
}

/** The address of a question. */
export function addressOf(q: DeviceQuery): string {
  const p = new URLSearchParams(Object.entries(q).filter(([, v]) => v !== ''))
  return p.size === 0 ? '/devices' : `/devices?${p}`
}

/** The question as the API takes it. */
export const parametersOf = (q: DeviceQuery) => Object.fromEntries(Object.entries(q).filter(([, v]) => v !== '')) as Partial<Omit<DeviceQuery, 'kind' | 'state' | 'registered'>> & { kind?: Kind; state?: DeviceState; registered?: 'true' | 'false' }

export interface StateCount {
  kind: string
  state: DeviceState
  count: number
}

/** Counts by state, the worst first, of one kind or of all. */
export function byState(counts: readonly StateCount[], kind: Kind | ''): { state: DeviceState; count: number }[] {
  return deviceStates.flatMap((state) => {
    const count = counts.filter((c) => c.state === state && (kind === '' || c.kind === kind)).reduce((sum, c) => sum + c.count, 0)
    return count > 0 ? [{ state, count }] : []
  })
}
