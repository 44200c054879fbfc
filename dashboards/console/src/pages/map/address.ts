// The view and the address, each following the other.
import { useEffect, useRef, useState } from 'preact/hooks'
import { type LayerName, type Place, layers, mapLink, placeOf } from '../../ui/maplink'

/** What is shown where the address does not say. */
export const usual: readonly LayerName[] = ['cells', 'zones', 'sites', 'areas']

export interface Address {
  place: Place
  /** Says what changed; the address of the page follows without a step back in its history. */
  change: (part: Partial<Place>) => void
}

const same = (a: readonly LayerName[], b: readonly LayerName[]) => layers.every((l) => a.includes(l) === b.includes(l))

/** The address of a view: what is usual is not said. */
export function addressOf(p: Place): string {
  return mapLink({ ...p, layers: p.layers && !same(p.layers, usual) ? p.layers : undefined })
}

/** The view that the address asks for; `url` is the address as the router has it. */
export function useAddress(url: string): Address {
  const [place, set] = useState(() => placeOf(location.search))
  const asked = useRef(url)
  useEffect(() => {
    if (asked.current === url) return
    asked.current = url
    set(placeOf(location.search))
  }, [url])
  // The position changes with every move, and nothing but the address depends on it.
  const latest = useRef(place)
  latest.current = { ...latest.current, ...place, lat: latest.current.lat, lon: latest.current.lon, zoom: latest.current.zoom }
  const change = (part: Partial<Place>) => {
    latest.current = { ...latest.current, ...part }
    if (location.pathname === '/') history.replaceState(history.state, '', addressOf(latest.current))
    if (Object.keys(part).some((name) => !['lat', 'lon', 'zoom'].includes(name))) set(latest.current)
  }
  return { place, change }
}
