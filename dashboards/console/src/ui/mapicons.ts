// Drawings for the map: patterns that tell verdicts apart without colour, and marks of sites
// and devices that say their state by colour and sign, as badges do.
import type { Map as LibreMap } from 'maplibre-gl'
import type { Tone } from '.'
import { type Colour, colour } from './mapcolours'

/** The states of marks, the worst last: a cluster shows the worst of its members. */
export const ranks: readonly Tone[] = ['good', 'info', 'unknown', 'warning', 'high', 'critical']
const signs: Record<Tone, string> = { good: '✓', info: 'i', unknown: '?', warning: '!', high: '◆', critical: '▲' }

const dense = 2 // pixels drawn for each that is shown, for screens that show more

function sheet(side: number): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = side * dense
  const pen = canvas.getContext('2d', { willReadFrequently: true })!
  pen.scale(dense, dense)
  return pen
}

/** Strokes of a tile that continues on all sides: those that leave it come back in. */
function stripes(side: number, stroke: Colour, width: number, both: boolean): ImageData {
  const pen = sheet(side)
  pen.strokeStyle = colour(stroke)
  pen.lineWidth = width
  for (const shift of [-side, 0, side]) {
    pen.moveTo(shift, side)
    pen.lineTo(shift + side, 0)
    if (both) {
      pen.moveTo(shift, 0)
      pen.lineTo(shift + side, side)
    }
  }
  pen.stroke()
  return pen.getImageData(0, 0, side * dense, side * dense)
}

function mark(square: boolean, tone: Tone, side: number): ImageData {
  const pen = sheet(side)
  const edge = 1.5
  pen.fillStyle = colour(tone)
  pen.strokeStyle = colour('surface')
  pen.lineWidth = 2 * edge
  pen.beginPath()
  if (square) pen.roundRect(edge, edge, side - 2 * edge, side - 2 * edge, 4)
  else pen.arc(side / 2, side / 2, side / 2 - edge, 0, 2 * Math.PI)
  pen.fill()
  pen.stroke()
  if (side < 24) { // a larger one has its number instead
    pen.fillStyle = colour('surface')
    pen.font = `700 ${side * 0.6}px sans-serif`
    pen.textAlign = 'center'
    pen.textBaseline = 'middle'
    pen.fillText(signs[tone], side / 2, side / 2 + 0.5)
  }
  return pen.getImageData(0, 0, side * dense, side * dense)
}

/** Gives a map all drawings, in the colours of the moment. */
export function addDrawings(map: LibreMap): void {
  const add = (name: string, image: ImageData) => map.addImage(name, image, { pixelRatio: dense })
  add('pattern-unproven', stripes(8, 'unproven', 1, false))
  add('pattern-gap', stripes(10, 'surface', 1.4, false))
  add('pattern-dead', stripes(7, 'surface', 1.3, true))
  ranks.forEach((tone, rank) => {
    add(`site-${rank}`, mark(true, tone, 18))
    add(`device-${rank}`, mark(false, tone, 14))
    add(`site-cluster-${rank}`, mark(true, tone, 30))
    add(`device-cluster-${rank}`, mark(false, tone, 26))
  })
}
