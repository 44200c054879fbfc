// How to get there, in the map program of the phone itself: nothing is asked of any server.

/** A link that opens navigation: each kind of phone has its own; a desk gets a map in the browser. */
export function directions(lat: number, lon: number, label: string, agent: string): string {
  const at = `${lat.toFixed(5)},${lon.toFixed(5)}`
  if (/iPhone|iPad|iPod/.test(agent)) return `maps://?daddr=${at}`
  // Brackets end the label, so they cannot be part of it.
  if (/Android/.test(agent)) return `geo:${at}?q=${at}(${encodeURIComponent(label.replace(/[()]/g, ' '))})`
  return webMap(lat, lon)
}

/** For a phone without a map program. */
export const webMap = (lat: number, lon: number): string => `https://www.openstreetmap.org/?mlat=${lat.toFixed(5)}&mlon=${lon.toFixed(5)}#map=17/${lat.toFixed(5)}/${lon.toFixed(5)}`

/** As people read it out or paste it. */
export const coordinates = (lat: number, lon: number): string => `${lat.toFixed(5)}, ${lon.toFixed(5)}`
