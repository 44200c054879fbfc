// Where on the map: links to it, and what its address says. Every page that knows a place
// links with mapLink, so that the addresses have one spelling.

/** The layers that can be switched. */
export const layers = ['cells', 'zones', 'sites', 'devices', 'areas'] as const
export type LayerName = (typeof layers)[number]

export interface Place {
  lat?: number
  lon?: number
  zoom?: number
  operator?: string
  /** YYYY-MM-DD; none is today. */
  day?: string
  /** What is shown; none is the usual. */
  layers?: readonly LayerName[]
  /** What is pointed at when the map opens. */
  site?: string
  device?: string
  zone?: string
  area?: string
  cell?: string
}

const pointed = ['site', 'device', 'zone', 'area', 'cell'] as const

/** The address of a place on the map: `mapLink({ site: 'school-1' })`. */
export function mapLink(p: Place): string {
  const q = new URLSearchParams()
  const put = (name: string, value: string | undefined) => value !== undefined && value !== '' && q.set(name, value)
  put('operator', p.operator)
  put('day', p.day)
  put('lat', p.lat?.toFixed(5))
  put('lon', p.lon?.toFixed(5))
  put('zoom', p.zoom?.toFixed(2))
  if (p.layers) q.set('layers', p.layers.join(','))
  for (const name of pointed) put(name, p[name])
  const text = q.toString()
  return text === '' ? '/' : '/?' + text
}

/** A number of the address that lies within its limits. */
function within(text: string | null, from: number, to: number): number | undefined {
  const n = text === null || text === '' ? NaN : Number(text)
  return n >= from && n <= to ? n : undefined
}

/** What an address says; what makes no sense in it is left out. */
export function placeOf(search: string): Place {
  const q = new URLSearchParams(search)
  const p: Place = {}
  const lat = within(q.get('lat'), -85, 85)
  const lon = within(q.get('lon'), -180, 180)
  if (lat !== undefined && lon !== undefined) Object.assign(p, { lat, lon })
  const zoom = within(q.get('zoom'), 0, 22)
  if (zoom !== undefined) p.zoom = zoom
  const operator = q.get('operator')
  if (operator && /^\d{5,6}$/.test(operator)) p.operator = operator
  const day = q.get('day')
  if (day && /^\d{4}-\d\d-\d\d$/.test(day)) p.day = day
  const shown = q.get('layers')
  if (shown !== null) p.layers = layers.filter((l) => shown.split(',').includes(l))
  for (const name of pointed) {
    const id = q.get(name)
    if (id) p[name] = id.slice(0, 100)
  }
  return p
}

/** The address of the evidence on a cell. */
export const cellLink = (cell: string, operator: string) => `/cells/${encodeURIComponent(cell)}?operator=${encodeURIComponent(operator)}`
