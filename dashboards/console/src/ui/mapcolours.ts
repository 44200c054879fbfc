// The colours of the page, for what CSS does not reach.
export type Colour =
  | 'ground' | 'surface' | 'sunken' | 'line' | 'text' | 'quiet' | 'brand' | 'focus'
  | 'covered' | 'gap' | 'dead' | 'unproven'
  | 'critical' | 'high' | 'warning' | 'good' | 'info' | 'unknown'

/** The value that a token of style.css has now. */
export function colour(name: Colour): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || '#888888'
}
