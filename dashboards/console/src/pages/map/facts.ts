// What the map page asks of the service, and keeps fresh.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { answer, api } from '../../api/client'
import { type Data, useData } from '../../api/data'
import { listen } from '../../api/live'
import { type Verdict, verdicts } from '../../ui/verdict'
import type { Device, Site } from './marks'
import type { ZoneFeature } from './zones'

export type Counts = Record<Verdict, number>

/** The zones of all operators on a day. */
export function useZones(day: string | undefined): Data<readonly ZoneFeature[]> {
  return useData(`zones ${day ?? ''}`, async (signal) => (await answer(api.GET('/api/v1/coverage/zones.geojson', { params: { query: { day } }, signal }))).features, { on: ['coverage'] })
}

/** How many cells of each verdict an operator has. */
export function useCounts(operator: string | undefined, day: string | undefined): Data<Counts> {
  const count = async (verdict: Verdict, signal: AbortSignal) =>
    (await answer(api.GET('/api/v1/coverage/cells.geojson', { params: { query: { operator, day, verdict: [verdict], limit: 1 } }, signal }))).matched
  return useData(operator && `counts ${operator} ${day ?? ''}`, async (signal) => {
    const all = await Promise.all(verdicts.map(async (v) => [v, await count(v, signal)] as const))
    return Object.fromEntries(all) as Counts
  }, { on: ['coverage'] })
}

/** The days on which the map can be asked. */
export function useDays(): Data<{ first: string; last: string }> {
  return useData('days', (signal) => answer(api.GET('/api/v1/coverage/days', { signal })), { on: ['coverage'] })
}

const sitesEvery = 20_000

export function useSites(): Data<readonly Site[]> {
  return useData('sites', async (signal) => (await answer(api.GET('/api/v1/sites.geojson', { signal }))).features.map((f) => f.properties), { every: sitesEvery })
}

const flushEvery = 2000

/** The devices as they are: loaded once, and changed by what happens since. */
export function useDevices(): Data<readonly Device[]> {
  const loaded = useData('devices', async (signal) => (await answer(api.GET('/api/v1/devices.geojson', { signal }))).features.map((f) => f.properties), {})
  const changed = useRef(new Map<string, Device>())
  const [flushed, flush] = useState(0)
  useEffect(() => {
    changed.current.clear()
  }, [loaded.value])
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = listen(['device'], (kind, data) => {
      if (kind === 'reset') return loaded.reload()
      const d = data as Device
      changed.current.set(d.id, d)
      timer ??= setTimeout(() => {
        timer = undefined
        flush((n) => n + 1)
      }, flushEvery)
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [loaded.reload])
  const value = useMemo(() => merged(loaded.value, changed.current), [loaded.value, flushed])
  return { ...loaded, value }
}

/** A list with what has changed since put in its place; new ones come last. */
export function merged<T extends { id: string }>(list: readonly T[] | undefined, changed: ReadonlyMap<string, T>): readonly T[] | undefined {
  if (!list || changed.size === 0) return list
  const known = new Set(list.map((x) => x.id))
  return [...list.map((x) => changed.get(x.id) ?? x), ...[...changed.values()].filter((x) => !known.has(x.id))]
}
