// Where an alert leads to.
import { mapLink } from '../../ui/maplink'
import type { Alert, Incident } from './book'

/** Its place on the map; undefined for what has none, such as the service itself. */
export function onMap(a: Alert): string | undefined {
  const at = a.lat !== undefined && a.lon !== undefined ? { lat: a.lat, lon: a.lon, zoom: a.scope === 'area' || a.scope === 'operator' ? 11 : 15 } : {}
  const operator = a.operator ? { operator: a.operator } : {}
  if (a.zone) return mapLink({ ...at, ...operator, zone: a.zone })
  if (a.device) return mapLink({ ...at, ...operator, device: a.device })
  if (a.site) return mapLink({ ...at, site: a.site })
  if (a.area) return mapLink({ ...at, ...operator, area: a.area })
  return undefined
}

export const alertLink = (id: string): string => `/alerts/${encodeURIComponent(id)}`
export const deviceLink = (id: string): string => `/devices/${encodeURIComponent(id)}`
export const fieldLink = (id: string): string => `/field#alert=${encodeURIComponent(id)}`

/** The device that is the cause: the incident's own, or the one that the alert is about. */
export const deviceOf = (a: Alert, i: Incident | undefined): string | undefined => i?.device ?? a.device
