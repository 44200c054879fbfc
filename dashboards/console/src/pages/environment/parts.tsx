// The signs of this page: an index in its official colour, and the mark of doubt.
import { fieldName } from '../../fields'
import { number } from '../../format'
import { Badge } from '../../ui'
import { language, words } from '../../words'
import { type Scale, type Station, bandOf, inWords, indexOf, textOn } from './air'

const w = words({
  vi: { none: 'chưa có chỉ số', flagged: (what: string) => `nghi ngờ: ${what}`, of: (q: string, flag: string) => `${q}: ${flag}`, reference: 'trạm chuẩn' },
  en: { none: 'no index yet', flagged: (what: string) => `flagged: ${what}`, of: (q: string, flag: string) => `${q}: ${flag}`, reference: 'reference station' },
})

/** VN_AQI with its band, in the colour that Decision 1459 gives it. */
export function IndexChip({ scale, of, large }: { scale: Scale; of: { band?: string; index: number }; large?: boolean }) {
  const band = bandOf(scale, of.band)
  if (!band) return <span class="quiet">{w().none}</span>
  return (
    <span class={large ? 'aqi large' : 'aqi'} style={{ background: band.color, color: textOn(band.color) }}>
      <strong>{number(indexOf(of))}</strong> {inWords(band.name, language.value)}
    </span>
  )
}

/** Whose index it is: of a reference station, or only indicative. */
export function Standing({ scale, station }: { scale: Scale; station: Station }) {
  return station.reference ? <Badge tone="info">{w().reference}</Badge> : <span class="quiet">{inWords(scale.indicative, language.value)}</span>
}

/** Why values of a station are not trusted. */
export function Flags({ scale, station }: { scale: Scale; station: Station }) {
  const flagName = (f: string) => inWords(scale.flags[f], language.value) || f
  const suspected = new Set(station.suspicions.map((s) => s.flag))
  return (
    <>
      {station.suspicions.map((s) => <Badge key={s.quantity + s.flag} tone="warning">{w().flagged(w().of(fieldName(s.quantity), flagName(s.flag)))}</Badge>)}
      {station.flags.filter((f) => !suspected.has(f)).map((f) => <Badge key={f} tone="warning">{w().flagged(flagName(f))}</Badge>)}
    </>
  )
}

/** What to do in the air of a band. */
export function Advice({ scale, band }: { scale: Scale; band: string | undefined }) {
  const b = bandOf(scale, band)
  const l = language.value
  if (!b) return null
  return (
    <div class="note advice" style={{ borderColor: b.color }} data-testid="advice">
      <p><strong>{l === 'vi' ? 'Mọi người' : 'Everyone'}:</strong> {inWords(b.everyone, l)}</p>
      <p><strong>{l === 'vi' ? 'Người dễ bị ảnh hưởng' : 'People at risk'}:</strong> {inWords(b.at_risk, l)}</p>
    </div>
  )
}
