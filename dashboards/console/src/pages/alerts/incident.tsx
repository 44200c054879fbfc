// One cause as a card: what, where, since when, who has it in hand, what next.
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { ago, dateTime, number } from '../../format'
import { may } from '../../session'
import { Badge } from '../../ui'
import { words } from '../../words'
import { ActButtons, ActDialog, type Opened } from './acts'
import { type Alert, type Group, type Incident, holds } from './book'
import { alertLink, deviceLink, deviceOf, onMap } from './links'
import { moment } from './moment'
import { causeText, commonTitle, placeOf, quietText, ruleTitle, severityText, severityTone, textOf, titleOf } from './titles'

const w = words({
  vi: {
    fresh: 'mới', since: 'Từ', cause: 'Nguyên nhân', place: 'Nơi', devices: 'Thiết bị', down: (n: string, down: string) => `${n} thiết bị, ${down} chưa trở lại`, gathering: 'đang tìm nguyên nhân',
    recovering: 'đang hồi phục', inHand: (who: string, until: string) => `${who} đang xử lý, đến ${until}`, assigned: (who: string) => `giao cho ${who}`, nobody: 'chưa ai nhận', who: 'Người xử lý',
    map: 'Bản đồ', device: 'Thiết bị', details: 'Chi tiết', alerts: (n: string) => `${n} cảnh báo thuộc sự cố này`, next: 'Việc cần làm', flapping: 'chập chờn', untold: 'không báo riêng', follows: 'còn lại sau sự cố trước', expired: 'đã hết hạn nhận',
  },
  en: {
    fresh: 'new', since: 'Since', cause: 'Cause', place: 'Place', devices: 'Devices', down: (n: string, down: string) => `${n} ${n === '1' ? 'device' : 'devices'}, ${down} not back yet`, gathering: 'looking for the cause',
    recovering: 'recovering', inHand: (who: string, until: string) => `${who} works on it, until ${until}`, assigned: (who: string) => `assigned to ${who}`, nobody: 'nobody yet', who: 'In hand',
    map: 'Map', device: 'Device', details: 'Details', alerts: (n: string) => `${n} alerts of this incident`, next: 'What to do', flapping: 'flapping', untold: 'not told apart', follows: 'left over from an incident before', expired: 'acknowledgement ran out',
  },
})

/** Who has it in hand, in words. */
export function inHand(a: Alert, now: number): string {
  const h = a.handling
  const parts: string[] = []
  if (h && holds(h, now)) parts.push(w().inHand(h.acknowledged_by ?? '', moment(h.acknowledged_until!, now)))
  else if (h?.acknowledged_until) parts.push(w().expired)
  if (h?.assignee) parts.push(w().assigned(h.assignee))
  return parts.join(' · ') || w().nobody
}

/** States of an alert beside its severity. */
export function Marks({ alert, fresh }: { alert: Alert; fresh?: boolean }) {
  return (
    <>
      {fresh && <Badge tone="info">{w().fresh}</Badge>}
      {alert.quiet && <Badge tone="unknown">{quietText(alert.quiet)}</Badge>}
      {alert.flapping && <Badge tone="warning">{w().flapping}</Badge>}
    </>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function cause(i: Incident): string {
  if (!i.decided) return w().gathering
  return i.cause === 'rule' && i.name ? ruleTitle(i.name) : causeText(i.cause)
}

function Facts({ group: { head, incident, alerts }, now, area }: { group: Group; now: number; area: (code: string) => string }) {
  const place = commonTitle(alerts) ? '' : placeOf(head, area)
  const since = head.since ?? incident?.since ?? head.fired
  return (
    <dl class="brief">
      <Fact name={w().since}>{since ? <time dateTime={since} title={dateTime(since)}>{ago(since, now)}</time> : '—'}</Fact>
      {place && <Fact name={w().place}>{place}</Fact>}
      {incident && <Fact name={w().cause}>{cause(incident)}{incident.follows ? ` (${w().follows})` : ''}</Fact>}
      {incident && incident.children > 0 && <Fact name={w().devices}>{incident.recovering ? w().recovering + ': ' : ''}{w().down(number(incident.children), number(incident.down))}</Fact>}
      <Fact name={w().who}>{inHand(head, now)}</Fact>
    </dl>
  )
}

function Members({ alerts, now }: { alerts: readonly Alert[]; now: number }) {
  const [open, set] = useState(false)
  return (
    <details onToggle={(e) => set(e.currentTarget.open)}>
      <summary>{w().alerts(number(alerts.length))}</summary>
      {open && (
        <ul class="members">
          {alerts.map((a) => (
            <li key={a.id} class="row">
              <Badge tone={severityTone(a.severity)}>{severityText(a.severity)}</Badge>
              <a href={alertLink(a.id)}>{titleOf(a)}</a>
              <Marks alert={a} />
              <span class="quiet">{a.fired && ago(a.fired, now)}</span>
            </li>
          ))}
        </ul>
      )}
    </details>
  )
}

export function IncidentCard({ group, now, fresh, area, people }: { group: Group; now: number; fresh: boolean; area: (code: string) => string; people: readonly string[] }) {
  const [dialog, open] = useState<Opened>()
  const { head, incident, alerts } = group
  const map = onMap(head)
  const device = deviceOf(head, incident)
  const told = alerts.filter((a) => a.told).slice(0, 50)
  const about = told.length > 0 ? told : [head]
  const next = textOf(head, 'next_step')
  return (
    <article class={`card incident ${head.severity} ${fresh ? 'fresh' : ''}`} data-testid="incident" data-alert={head.id} aria-labelledby={`t-${group.id}`}>
      <div class="row">
        <Badge tone={severityTone(head.severity)}>{severityText(head.severity)}</Badge>
        <Marks alert={head} fresh={fresh} />
        <h2 id={`t-${group.id}`}>
          <a href={alertLink(head.id)}>{commonTitle(alerts) ?? titleOf(head)}</a>
        </h2>
      </div>
      <Facts group={group} now={now} area={area} />
      {next && (
        <p class="next">
          <strong>{w().next}:</strong> {next}
        </p>
      )}
      <div class="row no-print">
        {may('alerts') && <ActButtons alerts={about} open={open} acknowledged={holds(head.handling, now)} />}
        {map && <a class="button" href={map}>{w().map}</a>}
        {device && <a class="button" href={deviceLink(device)}>{w().device}</a>}
      </div>
      {alerts.length > 1 && <Members alerts={alerts} now={now} />}
      <ActDialog which={dialog} alerts={about} people={people} close={() => open(undefined)} />
    </article>
  )
}
